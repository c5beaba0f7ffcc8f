"""Records what each client asked for and was told. The audit compares the database with these records."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import count
from random import Random
from time import monotonic
from typing import Final, NamedTuple
from uuid import uuid4

ACCOUNTS: Final = 20
BALANCE: Final = Decimal("1000.00")
SUM: Final = ACCOUNTS * BALANCE
NOBODY: Final = 10**6
_FORTUNE: Final = Decimal(10**7)


class Verdict(StrEnum):
    """What a client knows after one try."""

    DONE = "acknowledged"
    REFUSED = "refused"
    NOT_DONE = "surely not done"
    IN_FLIGHT = "being answered"
    UNKNOWN = "unknown"
    UNSENT = "not sent"


class Answer(NamedTuple):
    """The outcome of one try.

    Attributes:
        verdict: What it means.
        detail: The status, or why there is none.
        transfer_id: The id of the transfer that was acknowledged.
        wait: The seconds to wait before the next try.
        at: When the answer came, by the monotonic clock.
    """

    verdict: Verdict
    detail: str
    transfer_id: int | None
    wait: float
    at: float


@dataclass
class Order:
    """A transfer that a client wants once. No two orders have the same amount, which identifies the transfer.

    Attributes:
        borrowed: Whether the key belongs to another order, so that the service has to refuse this one.
        given_up: Whether the client stopped after a response that said that nothing was done.
    """

    payer: int
    payee: int
    amount: Decimal
    key: str = field(default_factory=lambda: uuid4().hex)
    borrowed: bool = False
    given_up: bool = False
    begun: float = field(default_factory=monotonic)
    answers: list[Answer] = field(default_factory=list[Answer])

    def had(self, verdict: Verdict) -> bool:
        """Whether one of the answers had this *verdict*."""
        return any(answer.verdict is verdict for answer in self.answers)

    @property
    def is_settled(self) -> bool:
        """Whether the client has a definite answer."""
        return self.given_up or self.had(Verdict.DONE) or self.had(Verdict.REFUSED)

    @property
    def transfer_ids(self) -> set[int | None]:
        """The ids of the transfers that were acknowledged for this order."""
        return {answer.transfer_id for answer in self.answers if answer.verdict is Verdict.DONE}

    @property
    def body(self) -> dict[str, str | int]:
        """The body of the request."""
        return {"from_account": self.payer, "to_account": self.payee, "amount": f"{self.amount:.2f}"}


class Orders:
    """The orders of a run.

    Args:
        random: Chooses accounts and kinds of orders; most of them can be done.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._cents = count(1)
        self._all: list[Order] = []

    def __iter__(self) -> Iterator[Order]:
        return iter(self._all)

    def new(self, *, key: str | None = None) -> Order:
        """Make an order; give the *key* of another order to borrow it."""
        payer, payee = self._random.sample(range(1, ACCOUNTS + 1), 2)
        amount = Decimal(next(self._cents)).scaleb(-2)
        kind = self._random.random()
        if kind < 0.03:
            payee = payer
        elif kind < 0.07:
            payee = NOBODY
        elif kind < 0.12:
            amount += _FORTUNE
        order = Order(payer, payee, amount)
        if key is not None:
            order.key, order.borrowed = key, True
        self._all.append(order)
        return order
