"""Bodies of /transfers/."""

from typing import Annotated

from pydantic import Field

from sessionscope.reading.fields import Amount, Key, KeyInText, MoneyOut, TimestampOut
from sessionscope.reading.schemas import PageQuery, RequestBody, ResponseBody


class TransferIn(RequestBody):
    """Money to move from one account to another."""

    from_account: Key
    to_account: Annotated[Key, Field(examples=[2], description="another account than `from_account`")]
    amount: Amount


class TransferOut(ResponseBody):
    """A transfer that took place."""

    id: Key
    from_account: Key
    to_account: Annotated[Key, Field(examples=[2])]
    amount: MoneyOut
    created_at: TimestampOut


class TransferQuery(PageQuery):
    """Filter of the list of transfers, which is ordered by id."""

    account_id: Annotated[KeyInText | None, Field(description="either side of the transfer")] = None
