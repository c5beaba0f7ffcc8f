"""The rules for moving money, tested on fakes without a database."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from app.transfers.errors import InsufficientFundsError
from app.transfers.repository import TransferRepository
from app.transfers.schemas import TransferIn, TransferOut
from app.transfers.service import MOST, TransferService
from containers import ApplicationContainer
from sessionscope.errors import ConflictError, InvalidError, NotFoundError, ServiceError
from sessionscope.testing.fakes import FakeAsyncTransactions
from sessionscope.testing.overrides import Override

pytestmark = pytest.mark.isolation("none")

NOW = datetime(2026, 1, 31, tzinfo=UTC)


class FakeTransferRepository(TransferRepository):
    """A repository that keeps balances and transfers in memory."""

    def __init__(self) -> None:
        self.balances = {1: Decimal("10.00"), 2: Decimal("0.00"), 3: MOST}
        self.transfers: list[TransferOut] = []

    def shown(self, session: Session, transfer_id: int) -> TransferOut | None:
        return self.transfers[transfer_id - 1]

    def lock(self, session: Session, payer: int, payee: int) -> dict[int, Decimal]:
        return {account: self.balances[account] for account in (payer, payee) if account in self.balances}

    def move(self, session: Session, payer: int, payee: int, amount: Decimal) -> None:
        self.balances[payer] -= amount
        self.balances[payee] += amount

    def add(self, session: Session, payer: int, payee: int, amount: Decimal) -> TransferOut:
        key = len(self.transfers) + 1
        self.transfers.append(TransferOut(id=key, from_account=payer, to_account=payee, amount=amount, created_at=NOW))
        return self.transfers[-1]


@pytest.fixture(name="repository")
def _repository() -> FakeTransferRepository:
    return FakeTransferRepository()


@pytest.fixture(name="transactions")
def _transactions() -> FakeAsyncTransactions:
    return FakeAsyncTransactions()


@pytest.fixture(name="transfers")
def _transfers(
    container: ApplicationContainer,
    override: Override,
    repository: FakeTransferRepository,
    transactions: FakeAsyncTransactions,
) -> TransferService:
    """Give the container's service with fakes in place of its dependencies."""
    override(ApplicationContainer.transfer_repository, repository)
    override(ApplicationContainer.transfer_reader, object())
    override(ApplicationContainer.idempotent_transactions, transactions)
    return container.transfers()


def body(amount: str = "4.00", payer: int = 1, payee: int = 2) -> TransferIn:
    """Return a transfer to make."""
    return TransferIn(from_account=payer, to_account=payee, amount=Decimal(amount))


async def test_money_moves_once_for_each_key(transfers: TransferService, repository: FakeTransferRepository) -> None:
    """A repeated request gets the same transfer."""
    first, second = [await transfers.create(body(), "k-1") for _ in range(2)]
    assert (first, 1) == (second, len(repository.transfers))
    assert (Decimal("6.00"), Decimal("4.00")) == (repository.balances[1], repository.balances[2])


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (body("10.01"), InsufficientFundsError(1)),
        (body(payee=3), ConflictError("account 3 can't hold that much")),
        (body(payee=9), NotFoundError("account", 9)),
        (body(payer=9), NotFoundError("account", 9)),
        (body(payee=1), InvalidError("to_account", "the money would go where it comes from")),
    ],
    ids=["too little", "too much", "unknown payee", "unknown payer", "same account"],
)
async def test_refused_transfer_moves_nothing(
    transfers: TransferService,
    repository: FakeTransferRepository,
    transactions: FakeAsyncTransactions,
    data: TransferIn,
    refusal: ServiceError,
) -> None:
    """Nothing is committed, and the error says why."""
    before = dict(repository.balances)
    with pytest.raises(type(refusal)) as raised:
        await transfers.create(data)
    assert refusal.args == raised.value.args
    assert (before, [], []) == (repository.balances, repository.transfers, transactions.committed)
