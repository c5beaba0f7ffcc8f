"""The rules for accounts."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database.errors import Violation, violation_of
from app.database.reads import AsyncReads
from app.database.unit_of_work import AsyncTransactions
from app.errors import ConflictError, NotFoundError
from app.models.account import Account
from app.repositories.accounts import AccountReader, AccountRepository
from app.schemas.accounts import AccountIn, AccountOut, AccountQuery
from app.schemas.base import Page


class AccountService:
    """Opens and finds accounts."""

    def __init__(self, transactions: AsyncTransactions, reads: AsyncReads) -> None:
        self._transactions = transactions
        self._reader = AccountReader(reads)

    async def get(self, account_id: int) -> AccountOut:
        """Return the account.

        Raises:
            NotFoundError: There is none.
        """
        account = await self._reader.get(account_id)
        if account is None:
            raise NotFoundError("account", account_id)
        return account

    async def page(self, query: AccountQuery) -> Page[AccountOut]:
        """Return the accounts that fit *query*."""
        return await self._reader.page(query)

    async def create(self, data: AccountIn) -> Account:
        """Open an account.

        Raises:
            ConflictError: There is no such owner.
        """

        def add(session: Session) -> Account:
            account = Account(owner_id=data.owner_id, balance=data.balance)
            AccountRepository(session).add(account)
            return account

        try:
            return await self._transactions.run_sync(add)
        except IntegrityError as error:
            if violation_of(error) is not Violation.FOREIGN_KEY:
                raise
            raise ConflictError(f"there is no user {data.owner_id} to own the account") from error
