"""Transfers in the database."""

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import bindparam, insert, or_
from sqlalchemy.orm import Session

from app.transfers.model import Transfer
from app.transfers.schemas import TransferOut, TransferQuery
from sessionscope.database.columns import now
from sessionscope.database.reads import AsyncReads
from sessionscope.database.session import send
from sessionscope.reading.projections import Shown
from sessionscope.reading.schemas import Page

_SIDES: Final = or_(*(side == bindparam("account_id") for side in (Transfer.from_account, Transfer.to_account)))
_SHOWN: Final = Shown(Transfer, TransferOut, filters={"account_id": _SIDES})
_TABLE: Final[Any] = Transfer.__table__
_INSERT: Final = insert(_TABLE)


class TransferRepository:
    """Finds and keeps transfers through one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, transfer_id: int) -> TransferOut | None:
        """Return the transfer, None where there is none."""
        return _SHOWN.find(self._session.connection(), transfer_id)

    def add(self, payer: int, payee: int, amount: Decimal) -> TransferOut:
        """Insert a transfer and return it."""
        values: dict[str, Any] = {"from_account": payer, "to_account": payee, "amount": amount, "created_at": now()}
        key: Any = send(self._session, _INSERT, values).inserted_primary_key
        return TransferOut(id=key.id, **values)


class TransferReader:
    """Finds what is shown of transfers, in visits."""

    def __init__(self, reads: AsyncReads) -> None:
        self._reads = reads

    async def get(self, transfer_id: int) -> TransferOut | None:
        """Return the transfer, None where there is none."""
        return await _SHOWN.get(self._reads, transfer_id)

    async def page(self, query: TransferQuery) -> Page[TransferOut]:
        """Return the transfers that fit *query*, ordered by id."""
        return await _SHOWN.page(self._reads, query)
