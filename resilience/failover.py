"""The failover test: a primary is killed under load, its synchronous standby is promoted, and the service goes on."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Final

from resilience.audit import audit
from resilience.bank import http_client
from resilience.client import Client
from resilience.database import opened
from resilience.orders import Order, Orders, Verdict
from resilience.places import serve
from resilience.service import Service
from resilience.sums import Sums
from sessionscope.testing.servers import PostgreSQLPair
from sessionscope.testing.servers.shared import Run

DRIVERS: Final = ("asyncpg", "psycopg")
CLIENTS: Final = 8
# How long the service may take to serve writes again.
LIMIT_SECONDS: Final = 5
_LOAD_SECONDS: Final = 4
# How long an operator, or a program in that role, takes to see that the primary is dead.
_NOTICE_SECONDS: Final = 1.5
_AFTER_SECONDS: Final = 8
_LAST_SECONDS: Final = 90


@dataclass
class FailedOver:
    """The outcome of a run; times are by the monotonic clock.

    Attributes:
        killed: When the primary was dead.
        promoting: When the promotion was asked for.
        promoted: When the promotion was done.
        faults: The faults that were found; empty if the run passed.
    """

    driver: str
    version: str
    killed: float
    promoting: float
    promoted: float
    orders: Orders
    sums: Sums
    faults: list[str]

    @property
    def seconds_to_first(self) -> float:
        """The time from the request to promote until the first new transfer was acknowledged."""
        return min(self._acknowledged_after(), default=float("inf")) - self.promoting

    @property
    def seconds_of_silence(self) -> float:
        """The time from the death of the primary until the first new transfer was acknowledged."""
        return min(self._acknowledged_after(), default=float("inf")) - self.killed

    def before(self) -> list[Order]:
        """Return the orders that were acknowledged while the first primary lived."""
        return [order for order in self.orders if any(at < self.killed for at in _acknowledged(order))]

    def _acknowledged_after(self) -> list[float]:
        """Return when the orders that were placed after the primary's death were acknowledged."""
        return [at for order in self.orders if order.begun > self.killed for at in _acknowledged(order)]


def _acknowledged(order: Order) -> list[float]:
    return [answer.at for answer in order.answers if answer.verdict is Verdict.DONE]


@contextmanager
def place(run: Run, driver: str) -> Generator[tuple[PostgreSQLPair, Service], None, None]:
    """Start a pair of servers, and a service that knows both by one URL."""
    with run.own(PostgreSQLPair, synchronous=True) as pair, serve(run, pair.url(driver=driver)) as service:
        with opened(pair.primary.url(driver="psycopg", admin=True)) as (database,):
            database.fill()
        yield pair, service


def run_failover(pair: PostgreSQLPair, service: Service, driver: str, *, pause: float) -> FailedOver:
    """Kill the primary of *pair* while clients of *service* place orders, and promote the standby."""
    random = Random()  # noqa: S311 - guards nothing
    orders, sums = Orders(random), Sums()
    version = pair.primary.sql("SHOW server_version").split()[0]
    times = asyncio.run(_work(pair, service, orders, sums, random, pause=pause))
    with opened(pair.primary.url(driver="psycopg", admin=True)) as (database,):
        faults = [*sums.wrong, *audit(orders, database.state())]
    ran = FailedOver(driver, version, *times, orders, sums, faults)
    if ran.seconds_to_first > LIMIT_SECONDS:
        ran.faults.append(f"late: {ran.seconds_to_first:.1f} s after the promotion")
    return ran


async def _work(  # noqa: PLR0913 - what makes a run
    pair: PostgreSQLPair, service: Service, orders: Orders, sums: Sums, random: Random, *, pause: float
) -> tuple[float, float, float]:
    over = asyncio.Event()

    def goes_on() -> bool:
        return not over.is_set()

    async with http_client() as http, asyncio.timeout(_LAST_SECONDS), asyncio.TaskGroup() as tasks:
        for _ in range(CLIENTS):
            tasks.create_task(Client(http, [service.url], orders, random, pause).work(goes_on))
        tasks.create_task(sums.by_http(http, [service.url], random, goes_on))
        times = await _fail_over(pair)
        await asyncio.sleep(_AFTER_SECONDS)
        over.set()
    return times


async def _fail_over(pair: PostgreSQLPair) -> tuple[float, float, float]:
    """Return when the primary was dead, when the promotion was asked for, and when it was done."""
    await asyncio.sleep(_LOAD_SECONDS)
    await asyncio.to_thread(pair.primary.kill)
    killed = monotonic()
    await asyncio.sleep(_NOTICE_SECONDS)
    promoting = monotonic()
    await asyncio.to_thread(pair.promote)
    return killed, promoting, monotonic()
