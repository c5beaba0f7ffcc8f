"""The rules for accounts."""

from sqlalchemy.orm import Session

from app.accounts.model import Account
from app.accounts.repository import AccountReader, AccountRepository
from app.accounts.schemas import AccountIn, AccountOut, AccountQuery
from sessionscope.database.conflicts import Conflicts
from sessionscope.errors import ConflictError, found
from sessionscope.reading.schemas import Page
from sessionscope.transactions.idempotency import IdempotentTransactions


class AccountService:
    """Opens and finds accounts."""

    def __init__(
        self, transactions: IdempotentTransactions, reader: AccountReader, repository: AccountRepository
    ) -> None:
        self._transactions = transactions
        self._reader = reader
        self._repository = repository

    async def get(self, account_id: int) -> AccountOut:
        """Return the account.

        Raises:
            NotFoundError: The account doesn't exist.
        """
        return found(await self._reader.get(account_id), "account", account_id)

    async def page(self, query: AccountQuery) -> Page[AccountOut]:
        """Return the accounts that match *query*."""
        return await self._reader.page(query)

    async def create(self, data: AccountIn, key: str | None = None) -> AccountOut:
        """Open an account.

        Args:
            data: The account to open.
            key: The client's idempotency key. If a request comes again with the same key, the first answer is
                returned again, and no other account is opened.

        Raises:
            ConflictError: The owner doesn't exist.
            KeyReusedError: The key was used for another request.
            RequestInFlightError: The first request with this key has no answer yet.
        """
        no_owner = f"there is no user {data.owner_id} to own the account"

        def add(session: Session) -> AccountOut:
            if not self._repository.owner_exists(session, data.owner_id):
                raise ConflictError(no_owner)
            account = Account(owner_id=data.owner_id, balance=data.balance)
            self._repository.add(session, account)
            return AccountOut.model_validate(account)

        def find(session: Session, account_id: int) -> AccountOut:
            return found(self._repository.shown(session, account_id), "account", account_id)

        request = f"account {data.owner_id} {data.balance:.2f}"
        # The owner may be deleted after owner_exists() has found it.
        with Conflicts(foreign_key=no_owner):
            return await self._transactions.run_once(key, request, work=add, find=find)
