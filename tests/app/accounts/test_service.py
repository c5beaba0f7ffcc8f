"""The rules for accounts, tested on fakes without a database."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from app.accounts.model import Account
from app.accounts.repository import AccountReader, AccountRepository
from app.accounts.schemas import AccountIn, AccountOut
from app.accounts.service import AccountService
from containers import ApplicationContainer
from sessionscope.errors import ConflictError, NotFoundError
from sessionscope.testing.fakes import FakeAsyncTransactions
from sessionscope.testing.overrides import Override

pytestmark = pytest.mark.isolation("none")

NOW = datetime(2026, 1, 31, tzinfo=UTC)


class FakeAccountRepository(AccountRepository):
    """A repository that keeps accounts in a dictionary, and knows only user 1."""

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}

    def shown(self, session: Session, account_id: int) -> AccountOut | None:
        return AccountOut.model_validate(self.accounts[account_id])

    def owner_exists(self, session: Session, user_id: int) -> bool:
        return user_id == 1

    def add(self, session: Session, account: Account) -> None:
        account.id, account.created_at, account.updated_at = len(self.accounts) + 1, NOW, NOW
        self.accounts[account.id] = account


class NoAccounts(AccountReader):
    """A reader that finds nothing."""

    def __init__(self) -> None: ...

    async def get(self, account_id: int) -> AccountOut | None:
        return None


@pytest.fixture(name="repository")
def _repository() -> FakeAccountRepository:
    return FakeAccountRepository()


@pytest.fixture(name="accounts")
def _accounts(container: ApplicationContainer, override: Override, repository: FakeAccountRepository) -> AccountService:
    """Give the container's service with fakes in place of its dependencies."""
    override(ApplicationContainer.account_repository, repository)
    override(ApplicationContainer.account_reader, NoAccounts())
    override(ApplicationContainer.idempotent_transactions, FakeAsyncTransactions())
    return container.accounts()


class TestCreate:
    async def test_account_holds_what_it_is_opened_with(self, accounts: AccountService) -> None:
        """The balance is zero by default."""
        rich, poor = AccountIn(owner_id=1, balance=Decimal("9.50")), AccountIn(owner_id=1)
        assert [Decimal("9.50"), Decimal(0)] == [(await accounts.create(data)).balance for data in (rich, poor)]

    async def test_owner_must_exist(self, accounts: AccountService, repository: FakeAccountRepository) -> None:
        """An account whose owner doesn't exist is a conflict, and is not opened."""
        with pytest.raises(ConflictError, match="there is no user 2 to own the account"):
            await accounts.create(AccountIn(owner_id=2))
        assert {} == repository.accounts

    async def test_same_key_opens_one_account(
        self, accounts: AccountService, repository: FakeAccountRepository
    ) -> None:
        """The second request gets the account that the first one opened."""
        first, second = [await accounts.create(AccountIn(owner_id=1), "k-1") for _ in range(2)]
        assert (first, 1) == (second, len(repository.accounts))


async def test_unknown_account_is_not_found(accounts: AccountService) -> None:
    """The error says what is missing."""
    with pytest.raises(NotFoundError, match="there is no account 7"):
        await accounts.get(7)
