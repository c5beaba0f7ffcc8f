"""What a client asked for and was told: the memory against which the database is held afterwards."""

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
    UNKNOWN = "nobody knows"
    UNSENT = "not sent"


class Answer(NamedTuple):
    """The outcome of one try.

    Attributes:
        verdict: What it means.
        detail: The status, or why there is none.
        transfer_id: Of the transfer that was acknowledged.
        wait: Seconds after which the service wants to be asked again.
        at: When it came, by the monotonic clock.
    """

    verdict: Verdict
    detail: str
    transfer_id: int | None
    wait: float
    at: float


@dataclass
class Order:
    """A transfer that a client wants once; no two have the same amount, by which it is known in the database.

    Attributes:
        borrowed: The key is another order's, so the service has to refuse this one.
        given_up: After a reply that it was surely not done, the client does not ask again.
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
        """Whether one of the answers was of that kind."""
        return any(answer.verdict is verdict for answer in self.answers)

    @property
    def is_settled(self) -> bool:
        """Whether the client has a definite answer."""
        return self.given_up or self.had(Verdict.DONE) or self.had(Verdict.REFUSED)

    @property
    def transfer_ids(self) -> set[int | None]:
        """The transfers that were acknowledged for it."""
        return {answer.transfer_id for answer in self.answers if answer.verdict is Verdict.DONE}

    @property
    def body(self) -> dict[str, str | int]:
        """The request."""
        return {"from_account": self.payer, "to_account": self.payee, "amount": f"{self.amount:.2f}"}


class Orders:
    """All orders of a run; makes new ones, most of which can be done.

    Args:
        random: Decides what comes.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._cents = count(1)
        self._all: list[Order] = []

    def __iter__(self) -> Iterator[Order]:
        return iter(self._all)

    def new(self, *, key: str | None = None) -> Order:
        """Make an order; with the *key* of another one it is one that borrows it."""
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
