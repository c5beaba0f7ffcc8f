"""The rules for accounts."""

from functools import partial

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.model import Account
from app.accounts.repository import AccountReader, AccountRepository
from app.accounts.schemas import AccountIn, AccountOut, AccountQuery
from app.idempotency.service import IdempotentTransactions
from app.users.repository import UserRepository
from sessionscope.database.errors import Violation, violation_of
from sessionscope.database.reads import AsyncReads
from sessionscope.errors import ConflictError, NotFoundError
from sessionscope.reading.schemas import Page


class AccountService:
    """Opens and finds accounts."""

    def __init__(self, transactions: IdempotentTransactions, reads: AsyncReads) -> None:
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

    async def create(self, data: AccountIn, key: str | None = None) -> Account:
        """Open an account.

        Args:
            data: What to open.
            key: The client's for this request. Sent again with it, the request gets its first answer again, and no
                other account is opened.

        Raises:
            ConflictError: There is no such owner.
            KeyReusedError: The key was used for another request.
            RequestInFlightError: The first request with this key has no answer yet.
        """
        work = partial(_open, data=data)
        request = f"account {data.owner_id} {data.balance:.2f}"
        try:
            return await self._transactions.run_once(key, request, work=work, find=_account)
        except IntegrityError as error:
            # The owner was deleted a moment ago.
            if violation_of(error) is not Violation.FOREIGN_KEY:
                raise
            raise _no_owner(data) from error


def _open(session: Session, data: AccountIn) -> Account:
    if not UserRepository(session).exists(data.owner_id):
        raise _no_owner(data)
    account = Account(owner_id=data.owner_id, balance=data.balance)
    AccountRepository(session).add(account)
    return account


def _account(session: Session, account_id: int) -> Account:
    account = session.get(Account, account_id)
    if account is None:
        raise NotFoundError("account", account_id)
    return account


def _no_owner(data: AccountIn) -> ConflictError:
    return ConflictError(f"there is no user {data.owner_id} to own the account")
