"""The requests and responses of /transfers/."""

from typing import Annotated

from pydantic import Field

from sessionscope.reading.fields import Amount, Key, KeyInText, MoneyOut, TimestampOut
from sessionscope.reading.schemas import PageQuery, RequestBody, ResponseBody


class TransferIn(RequestBody):
    """Money to move from one account to another."""

    from_account: Key
    to_account: Annotated[Key, Field(examples=[2], description="must differ from `from_account`")]
    amount: Amount


class TransferOut(ResponseBody):
    """A completed transfer."""

    id: Key
    from_account: Key
    to_account: Annotated[Key, Field(examples=[2])]
    amount: MoneyOut
    created_at: TimestampOut


class TransferQuery(PageQuery):
    """The filter for the list of transfers, which is ordered by id."""

    account_id: Annotated[KeyInText | None, Field(description="an account on either side of the transfer")] = None
