"""Bodies of /accounts/."""

from decimal import Decimal

from sessionscope.reading.fields import Balance, Key, KeyInText, MomentOut, MoneyOut
from sessionscope.reading.schemas import Body, PageQuery, Reply


class AccountIn(Body):
    """An account to open."""

    owner_id: Key
    balance: Balance = Decimal("0.00")


class AccountOut(Reply):
    """An account as clients see it."""

    id: Key
    owner_id: Key
    balance: MoneyOut
    created_at: MomentOut
    updated_at: MomentOut


class AccountQuery(PageQuery):
    """Filter of the list of accounts, which is ordered by id."""

    owner_id: KeyInText | None = None
