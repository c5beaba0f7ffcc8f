"""Read and write transfers in the database."""

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import bindparam, case, insert, or_, select, update
from sqlalchemy.orm import Session

from app.accounts.model import Account
from app.transfers.model import Transfer
from app.transfers.schemas import TransferOut, TransferQuery
from sessionscope.database.columns import now
from sessionscope.database.reads import AsyncReads
from sessionscope.database.session import send
from sessionscope.reading.projections import Projection
from sessionscope.reading.schemas import Page

_SIDES: Final = or_(*(side == bindparam("account_id") for side in (Transfer.from_account, Transfer.to_account)))
_TRANSFERS: Final = Projection(Transfer, TransferOut, filters={"account_id": _SIDES})
_TABLE: Final[Any] = Transfer.__table__
_INSERT: Final = insert(_TABLE)

_ACCOUNTS: Final[Any] = Account.__table__
_BOTH: Final = _ACCOUNTS.c.id.in_([bindparam("payer"), bindparam("payee")])
_LOCK: Final = select(_ACCOUNTS.c.id, _ACCOUNTS.c.balance).where(_BOTH).order_by(_ACCOUNTS.c.id).with_for_update()
_AMOUNT: Final = bindparam("amount", type_=_ACCOUNTS.c.balance.type)
_LESS, _MORE = _ACCOUNTS.c.balance - _AMOUNT, _ACCOUNTS.c.balance + _AMOUNT
_MOVE: Final = (
    update(_ACCOUNTS).where(_BOTH).values(balance=case((_ACCOUNTS.c.id == bindparam("payer"), _LESS), else_=_MORE))
)


class TransferRepository:
    """Moves money, and finds and stores transfers, in the transaction of a session."""

    def shown(self, session: Session, transfer_id: int) -> TransferOut | None:
        """Return the transfer as clients see it, or None if it doesn't exist."""
        return _TRANSFERS.find(session.connection(), transfer_id)

    def lock(self, session: Session, payer: int, payee: int) -> dict[int, Decimal]:
        """Lock two accounts until the transaction ends, and return the balances of those that exist, by id.

        The accounts are locked in the order of their ids. Otherwise, two transfers between the
        same accounts in opposite directions could wait for each other forever.
        """
        return {row.id: row.balance for row in send(session, _LOCK, {"payer": payer, "payee": payee})}

    def move(self, session: Session, payer: int, payee: int, amount: Decimal) -> None:
        """Take *amount* from one account and give it to the other, in one statement."""
        send(session, _MOVE, {"payer": payer, "payee": payee, "amount": amount})

    def add(self, session: Session, payer: int, payee: int, amount: Decimal) -> TransferOut:
        """Insert a transfer and return it."""
        values: dict[str, Any] = {"from_account": payer, "to_account": payee, "amount": amount, "created_at": now()}
        key: Any = send(session, _INSERT, values).inserted_primary_key
        return TransferOut(id=key.id, **values)


class TransferReader:
    """Reads transfers as clients see them, in visits."""

    def __init__(self, reads: AsyncReads) -> None:
        self._reads = reads

    async def get(self, transfer_id: int) -> TransferOut | None:
        """Return the transfer, or None if it doesn't exist."""
        return await _TRANSFERS.get(self._reads, transfer_id)

    async def page(self, query: TransferQuery) -> Page[TransferOut]:
        """Return the transfers that match *query*, ordered by id."""
        return await _TRANSFERS.page(self._reads, query)
