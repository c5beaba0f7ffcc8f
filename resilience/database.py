"""Reads the bank's database directly, without the service."""

import json
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import URL, create_engine, func, insert, select

from app.models import Account, IdempotencyKey, Transfer, User
from resilience.orders import ACCOUNTS, BALANCE

_LIMITS: Final[dict[str, dict[str, Any]]] = {
    "sqlite": {"timeout": 30},
    "postgresql": {"connect_timeout": 5},
    "mysql": {"connect_timeout": 5, "read_timeout": 10},
}


class Moved(NamedTuple):
    """A row of the table of transfers."""

    id: int
    payer: int
    payee: int
    amount: Decimal


class State(NamedTuple):
    """The contents of the database.

    Attributes:
        answers: The answer that is stored for each idempotency key, by the key's digest.
    """

    balances: dict[int, Decimal]
    transfers: list[Moved]
    answers: dict[str, dict[str, Any] | None]


def digest(key: str) -> str:
    """Return the form in which the service stores a key."""
    return sha256(key.encode()).hexdigest()


class Database:
    """One server's copy of the bank.

    Args:
        url: With a sync driver, for a user whose connections are never killed.
    """

    def __init__(self, url: URL) -> None:
        limits = _LIMITS[url.get_backend_name()]
        self._engine = create_engine(url, pool_size=1, pool_pre_ping=True, connect_args=limits)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def fill(self) -> None:
        """Create the accounts: all belong to one owner and have the same balance."""
        with self._engine.begin() as connection:
            connection.execute(insert(User).values(id=1, email="bank@example.com", username="bank", is_active=True))
            rows = [{"id": number, "owner_id": 1, "balance": BALANCE} for number in range(1, ACCOUNTS + 1)]
            connection.execute(insert(Account), rows)

    def sum(self) -> Decimal | None:
        """Return the sum of all balances, in one statement."""
        with self._engine.begin() as connection:
            return connection.scalar(select(func.sum(Account.balance)))

    def state(self) -> State:
        """Return the contents of the database; call it when nothing writes any more."""
        moved = select(Transfer.id, Transfer.from_account, Transfer.to_account, Transfer.amount)
        kept = select(IdempotencyKey.key, IdempotencyKey.answer)
        with self._engine.begin() as connection:
            balances = connection.execute(select(Account.id, Account.balance))
            return State(
                {account: balance for account, balance in balances},  # noqa: C416 - to the type checkers a row is not a pair
                [Moved(*row) for row in connection.execute(moved)],
                {key: json.loads(answer) if answer else None for key, answer in connection.execute(kept)},
            )


@contextmanager
def opened(*urls: URL) -> Generator[list[Database], None, None]:
    """Open the databases at *urls*, and close them at the end."""
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Database(url))) for url in urls]
