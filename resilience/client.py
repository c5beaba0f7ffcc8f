"""A client that repeats a request, with the same key, until it knows the outcome."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Final

import httpx2

from resilience.orders import Answer, Order, Orders, Verdict

_VERDICTS: Final = {201: Verdict.DONE, 503: Verdict.NOT_DONE, 500: Verdict.UNKNOWN}
_REFUSALS: Final = (404, 409, 422)
_UNCONFIRMED: Final = "/problems/unconfirmed"
_IN_FLIGHT: Final = "repeat it in a moment"
# The share of all orders that are treated this way.
_HANG_UP: Final = 0.04
_TWICE_AT_ONCE: Final = 0.04
_AGAIN: Final = 0.06
_BORROW: Final = 0.02
_GIVE_UP: Final = 0.5
_SETTLE_SECONDS: Final = 60
# The detail of an answer that the client did not wait for.
HUNG_UP: Final = "hung up"


@dataclass
class Client:
    """One of the clients of a run.

    Attributes:
        addresses: The addresses of the services; a request goes to any of them.
        pause: Longest time between two orders, in seconds.
    """

    http: httpx2.AsyncClient
    addresses: list[str]
    orders: Orders
    random: Random
    pause: float
    hung_up: int = field(default=0, init=False)

    async def work(self, goes_on: Callable[[], bool]) -> None:
        """Place one order after the other while *goes_on* is true, and settle each of them."""
        while goes_on():
            order = self.orders.new()
            await self._place(order)
            await self.settle(order)
            if not order.given_up and self._happens(_AGAIN):
                await self.ask(order)
            if order.had(Verdict.DONE) and self._happens(_BORROW):
                await self.settle(self.orders.new(key=order.key))
            await asyncio.sleep(self.random.uniform(0, self.pause))

    async def settle(self, order: Order) -> None:
        """Repeat the request until there is a definite answer, for a minute at most."""
        deadline = monotonic() + _SETTLE_SECONDS
        while not order.is_settled and monotonic() < deadline:
            answer = await self.ask(order)
            if answer.verdict is Verdict.NOT_DONE and self._may_give_up(order):
                order.given_up = True
            elif not order.is_settled:
                await asyncio.sleep(answer.wait * self.random.uniform(0.3, 1))

    async def ask(self, order: Order) -> Answer:
        """Send the order once, to any of the services; return the outcome."""
        address = self.random.choice(self.addresses)
        try:
            response = await self.http.post(
                f"{address}/transfers/", json=order.body, headers={"Idempotency-Key": order.key}
            )
        except httpx2.ConnectError:
            answer = Answer(Verdict.UNSENT, "no connection", None, 0.2, monotonic())
        except httpx2.TransportError as error:
            answer = Answer(Verdict.UNKNOWN, type(error).__name__, None, 0.1, monotonic())
        else:
            answer = _read(response)
        order.answers.append(answer)
        return answer

    async def _place(self, order: Order) -> None:
        if self._happens(_HANG_UP):
            await self._hang_up(order)
        elif self._happens(_TWICE_AT_ONCE):
            await asyncio.gather(self.ask(order), self.ask(order))

    async def _hang_up(self, order: Order) -> None:
        try:
            async with asyncio.timeout(self.random.uniform(0.001, 0.06)):
                await self.ask(order)
        except TimeoutError:
            self.hung_up += 1
            order.answers.append(Answer(Verdict.UNKNOWN, HUNG_UP, None, 0, monotonic()))

    def _may_give_up(self, order: Order) -> bool:
        """Whether each try had a definite outcome: only then is 'surely not done' final."""
        is_open = order.had(Verdict.UNKNOWN) or order.had(Verdict.IN_FLIGHT)
        return not is_open and self._happens(_GIVE_UP)

    def _happens(self, share: float) -> bool:
        return self.random.random() < share


def _read(response: httpx2.Response) -> Answer:
    status = response.status_code
    verdict = Verdict.UNKNOWN if _UNCONFIRMED in response.text else _VERDICTS.get(status, Verdict.UNKNOWN)
    if status in _REFUSALS:
        verdict = Verdict.IN_FLIGHT if _IN_FLIGHT in response.text else Verdict.REFUSED
    made: int | None = response.json()["id"] if verdict is Verdict.DONE else None
    wait = float(response.headers.get("Retry-After", "0.2"))
    detail = f"{status}" if verdict in (Verdict.DONE, Verdict.REFUSED) else f"{status} {response.text[:300]}"
    return Answer(verdict, detail, made, wait, monotonic())
