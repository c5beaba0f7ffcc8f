"""The rules for accounts."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.errors import Violation, violation_of
from app.database.session import AsyncReadSession
from app.database.transaction import async_transaction
from app.errors import ConflictError, NotFoundError
from app.models.account import Account
from app.repositories.accounts import AccountRepository
from app.repositories.paging import PageOf
from app.schemas.accounts import AccountIn, AccountQuery


class AccountService:
    """Opens and finds accounts."""

    def __init__(self, session: AsyncSession, read_session: AsyncReadSession) -> None:
        self._session = session
        self._accounts = AccountRepository(session)
        self._readers = AccountRepository(read_session)

    async def get(self, account_id: int) -> Account:
        """Return the account.

        Raises:
            NotFoundError: There is none.
        """
        account = await self._readers.get(account_id)
        if account is None:
            raise NotFoundError("account", account_id)
        return account

    async def page(self, query: AccountQuery) -> PageOf[Account]:
        """Return the accounts that fit *query*."""
        return await self._readers.page(query)

    async def create(self, data: AccountIn) -> Account:
        """Open an account.

        Raises:
            ConflictError: There is no such owner.
        """
        account = Account(owner_id=data.owner_id, balance=data.balance)
        try:
            async with async_transaction(self._session):
                await self._accounts.add(account)
        except IntegrityError as error:
            if violation_of(error) is not Violation.FOREIGN_KEY:
                raise
            raise ConflictError(f"there is no user {data.owner_id} to own the account") from error
        return account
