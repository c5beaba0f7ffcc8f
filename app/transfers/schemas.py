"""Bodies of /transfers/."""

from typing import Annotated

from pydantic import Field

from sessionscope.reading.fields import Amount, Key, KeyInText, MomentOut, MoneyOut
from sessionscope.reading.schemas import Body, PageQuery, Reply


class TransferIn(Body):
    """Money to move from one account to another."""

    from_account: Key
    to_account: Annotated[Key, Field(examples=[2], description="another account than `from_account`")]
    amount: Amount


class TransferOut(Reply):
    """A transfer that took place."""

    id: Key
    from_account: Key
    to_account: Annotated[Key, Field(examples=[2])]
    amount: MoneyOut
    created_at: MomentOut


class TransferQuery(PageQuery):
    """Filter of the list of transfers, which is ordered by id."""

    account_id: Annotated[KeyInText | None, Field(description="either side of the transfer")] = None
