"""The network test: for a while, packets between the service and its database are lost without a word."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from statistics import median
from time import monotonic
from typing import Any, Final

import httpx2

from resilience.audit import audit
from resilience.client import HUNG_UP, Client
from resilience.database import opened
from resilience.exchanges import Exchange, Recorder
from resilience.grounds import Ground
from resilience.orders import Order, Orders, Verdict
from resilience.sums import Sums

# They don't pause, so that there are always requests in flight.
CLIENTS: Final = 8
CUT_SECONDS: Final = 30
_LOAD_SECONDS: Final = 5
_AFTER_SECONDS: Final = 10
# A new read and a new transfer begin this often, whether or not the earlier ones were answered.
_READ_EVERY_SECONDS: Final = 0.25
_ORDER_EVERY_SECONDS: Final = 0.5
_PROBE_EVERY_SECONDS: Final = 1.0
# A request that is sent so soon after the cut may get a connection that was used just before it, which is not tested.
MET_SECONDS: Final = 0.25
# What the service promises for a cut of itself from its server.
IN_FLIGHT_SECONDS: Final = 16
NEW_SECONDS: Final = 6
RECOVERY_SECONDS: Final = 2
# Longer than the service ever takes, to see how long that is.
_RESPONSE_SECONDS: Final = 150
_LAST_SECONDS: Final = 240
READY: Final = "/health/ready"

Send = Callable[[], Coroutine[Any, Any, None]]


@dataclass
class Cut:
    """The outcome of a run; times are by the monotonic clock.

    Attributes:
        at: When the network was cut.
        healed: When it was healed.
        exchanges: All requests.
        faults: The faults that were found; empty if the run passed.
    """

    ground: str
    version: str
    at: float
    healed: float
    exchanges: list[Exchange]
    orders: Orders
    sums: Sums
    faults: list[str]

    @property
    def in_flight(self) -> list[Exchange]:
        """The requests that the cut met, and whose clients waited for the response."""
        return [each for each in self._asked if each.begun < self.at + MET_SECONDS and self.at < each.ended]

    @property
    def new(self) -> list[Exchange]:
        """The requests that were sent during the cut, after those that it met."""
        return [each for each in self._asked if self.at + MET_SECONDS <= each.begun < self.healed]

    @property
    def probes(self) -> list[Exchange]:
        """The readiness probes that were sent during the cut."""
        return [each for each in self.exchanges if each.path == READY and self.at <= each.begun < self.healed]

    @property
    def seconds_to_last_in_flight(self) -> float:
        """The time from the cut until the last request in flight was answered; 0 if there was none."""
        return max((each.ended - self.at for each in self.in_flight), default=0)

    @property
    def seconds_of_new(self) -> tuple[float, float]:
        """The median and the greatest time until a request that was sent during the cut was answered."""
        times = [each.seconds for each in self.new]
        return median(times), max(times)

    @property
    def seconds_to_first_good(self) -> float:
        """The time from healing until the first good response."""
        good = (each.ended - self.healed for each in self._asked if each.is_good and each.ended > self.healed)
        return min(good, default=float("inf"))

    @property
    def seconds_to_last_bad(self) -> float:
        """The time from healing until the last response that says that the service can't serve; 0 if there was none."""
        bad = (each.ended - self.healed for each in self._asked if each.outcome[0] == "5")
        return max(0.0, max(bad, default=0))

    @property
    def outcomes(self) -> Counter[str]:
        """How the requests of the whole run ended, without the readiness probes."""
        return Counter(each.outcome for each in self._asked)

    def broken_promises(self) -> list[str]:
        """Return what took longer than it may in a cut of the service from its server, and each unexpected response."""
        _, longest = self.seconds_of_new
        measured = {
            "the last request in flight was answered": (self.seconds_to_last_in_flight, IN_FLIGHT_SECONDS),
            "a new request was answered": (longest, NEW_SECONDS),
            "the first good response came": (self.seconds_to_first_good, RECOVERY_SECONDS),
        }
        late = [
            f"late: {what} after {took:.1f} s, not {most} s" for what, (took, most) in measured.items() if took > most
        ]
        return late + [
            f"response: {number} {outcome}"
            for outcome, number in self.outcomes.items()
            if outcome[0] not in "24" and outcome != "503"
        ]

    def first_answers(self) -> Counter[str]:
        """Return what the service first told about the transfers of the cut: done, not done or unknown."""
        during = (order for order in self.orders if self.at <= order.begun < self.healed)
        return Counter(told for order in during for told in _told(order)[:1])

    @property
    def _asked(self) -> list[Exchange]:
        # A client that hung up doesn't know when it would have been answered.
        return [each for each in self.exchanges if each.path != READY and each.outcome != "CancelledError"]


def _told(order: Order) -> list[str]:
    """Return what each response says about *order*; a refusal is definite too, and a client that hung up got none."""
    clear = (each.verdict for each in order.answers if each.verdict is not Verdict.IN_FLIGHT and each.detail != HUNG_UP)
    return [str(Verdict.DONE if each is Verdict.REFUSED else each) for each in clear]


def run_network(ground: Ground, *, seconds: float = CUT_SECONDS) -> Cut:
    """Cut the network of *ground* for some *seconds* while clients move money, and audit the database afterwards."""
    random = Random()  # noqa: S311 - guards nothing
    orders, sums, recorder = Orders(random), Sums(), Recorder()
    at, healed = asyncio.run(_work(ground, orders, sums, recorder, random, seconds=seconds))
    with opened(ground.audited) as (database,):
        faults = [*sums.wrong, *audit(orders, database.state())]
    ran = Cut(ground.name, ground.version, at, healed, recorder.exchanges, orders, sums, faults)
    ran.faults += ran.broken_promises() if ground.is_plain else []
    return ran


async def _work(  # noqa: PLR0913 - what makes a run
    ground: Ground, orders: Orders, sums: Sums, recorder: Recorder, random: Random, *, seconds: float
) -> tuple[float, float]:
    """Return when the network was cut, and when it was healed."""
    over = asyncio.Event()

    def goes_on() -> bool:
        return not over.is_set()

    url = ground.service.url
    client_of = httpx2.AsyncClient(transport=recorder, timeout=_RESPONSE_SECONDS, trust_env=False)
    async with client_of as http, asyncio.timeout(_LAST_SECONDS):
        clients = [Client(http, [url], orders, random, pause=0) for _ in range(CLIENTS)]
        async with asyncio.TaskGroup() as tasks:
            for client in clients:
                tasks.create_task(client.work(goes_on))
            tasks.create_task(sums.by_http(http, [url], random, goes_on))
            for every, send in _newcomers(http, url, clients[0]):
                tasks.create_task(_repeat(send, every, tasks, goes_on))
            times = await _cut(ground, seconds)
            over.set()
        # Some clients have given up without knowing the outcome.
        await asyncio.gather(*(clients[0].settle(order) for order in orders))
    return times


async def _cut(ground: Ground, seconds: float) -> tuple[float, float]:
    await asyncio.sleep(_LOAD_SECONDS)
    await asyncio.to_thread(ground.cut)
    at = monotonic()
    await asyncio.sleep(seconds)
    await asyncio.to_thread(ground.heal)
    healed = monotonic()
    await asyncio.sleep(_AFTER_SECONDS)
    return at, healed


def _newcomers(http: httpx2.AsyncClient, url: str, client: Client) -> list[tuple[float, Send]]:
    """Return what clients send that don't wait for earlier responses, and how often."""

    async def get(path: str) -> None:
        with suppress(httpx2.TransportError):
            await http.get(f"{url}{path}")

    return [
        (_READ_EVERY_SECONDS, lambda: get("/users/1")),
        (_PROBE_EVERY_SECONDS, lambda: get(READY)),
        (_ORDER_EVERY_SECONDS, lambda: client.settle(client.orders.new())),
    ]


async def _repeat(send: Send, every: float, tasks: asyncio.TaskGroup, goes_on: Callable[[], bool]) -> None:
    while goes_on():
        tasks.create_task(send())
        await asyncio.sleep(every)
