"""Accounts in the database."""

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import bindparam, case, select, update
from sqlalchemy.orm import Session

from app.accounts.model import Account
from app.accounts.schemas import AccountOut, AccountQuery
from sessionscope.database.reads import AsyncReads
from sessionscope.database.session import send
from sessionscope.reading.projections import Shown
from sessionscope.reading.schemas import Page

_SHOWN: Final = Shown(Account, AccountOut, filters={"owner_id": Account.owner_id == bindparam("owner_id")})

_TABLE: Final[Any] = Account.__table__
_BOTH: Final = _TABLE.c.id.in_([bindparam("payer"), bindparam("payee")])
_LOCK: Final = select(_TABLE.c.id, _TABLE.c.balance).where(_BOTH).order_by(_TABLE.c.id).with_for_update()
_AMOUNT: Final = bindparam("amount", type_=_TABLE.c.balance.type)
_LESS, _MORE = _TABLE.c.balance - _AMOUNT, _TABLE.c.balance + _AMOUNT
_MOVE: Final = update(_TABLE).where(_BOTH).values(balance=case((_TABLE.c.id == bindparam("payer"), _LESS), else_=_MORE))


class AccountRepository:
    """Locks and keeps accounts through one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self, payer: int, payee: int) -> dict[int, Decimal]:
        """Return the balances of two accounts by their ids, as far as there are any, locked until the transaction ends.

        They are locked in the order of their ids: two transfers between the same accounts
        in opposite directions would otherwise wait for each other for ever.
        """
        return {row.id: row.balance for row in send(self._session, _LOCK, {"payer": payer, "payee": payee})}

    def move(self, payer: int, payee: int, amount: Decimal) -> None:
        """Take *amount* from one account and give it to the other, in one statement."""
        send(self._session, _MOVE, {"payer": payer, "payee": payee, "amount": amount})

    def add(self, account: Account) -> None:
        """Insert the account, which has an id afterwards."""
        self._session.add(account)
        self._session.flush()


class AccountReader:
    """Finds what is shown of accounts, in visits."""

    def __init__(self, reads: AsyncReads) -> None:
        self._reads = reads

    async def get(self, account_id: int) -> AccountOut | None:
        """Return the account, None where there is none."""
        return await _SHOWN.get(self._reads, account_id)

    async def page(self, query: AccountQuery) -> Page[AccountOut]:
        """Return the accounts that fit *query*, ordered by id."""
        return await _SHOWN.page(self._reads, query)
