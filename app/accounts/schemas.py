"""The requests and responses of /accounts/."""

from decimal import Decimal

from sessionscope.reading.fields import Balance, Key, KeyInText, MoneyOut, TimestampOut
from sessionscope.reading.schemas import PageQuery, RequestBody, ResponseBody


class AccountIn(RequestBody):
    """An account to open."""

    owner_id: Key
    balance: Balance = Decimal("0.00")


class AccountOut(ResponseBody):
    """An account as clients see it."""

    id: Key
    owner_id: Key
    balance: MoneyOut
    created_at: TimestampOut
    updated_at: TimestampOut


class AccountQuery(PageQuery):
    """The filter for the list of accounts, which is ordered by id."""

    owner_id: KeyInText | None = None
