"""Read and write accounts in the database."""

from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.accounts.model import Account
from app.accounts.schemas import AccountOut, AccountQuery
from app.users.model import User
from sessionscope.database.reads import AsyncReads
from sessionscope.reading.projections import Projection
from sessionscope.reading.schemas import Page

_ACCOUNTS: Final = Projection(Account, AccountOut, filters={"owner_id": Account.owner_id == bindparam("owner_id")})


class AccountRepository:
    """Finds and stores accounts, in the transaction of a session."""

    def shown(self, session: Session, account_id: int) -> AccountOut | None:
        """Return the account as clients see it, or None if it doesn't exist."""
        return _ACCOUNTS.find(session.connection(), account_id)

    def owner_exists(self, session: Session, user_id: int) -> bool:
        """Tell whether the user exists, without loading it into the session."""
        return session.connection().scalar(select(User.id).where(User.id == user_id)) is not None

    def add(self, session: Session, account: Account) -> None:
        """Insert the account and set its id."""
        session.add(account)
        session.flush()


class AccountReader:
    """Reads accounts as clients see them, in visits."""

    def __init__(self, reads: AsyncReads) -> None:
        self._reads = reads

    async def get(self, account_id: int) -> AccountOut | None:
        """Return the account, or None if it doesn't exist."""
        return await _ACCOUNTS.get(self._reads, account_id)

    async def page(self, query: AccountQuery) -> Page[AccountOut]:
        """Return the accounts that match *query*, ordered by id."""
        return await _ACCOUNTS.page(self._reads, query)
