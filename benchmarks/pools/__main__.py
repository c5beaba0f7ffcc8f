"""Compares connection pools: ``python -m benchmarks.pools``. How long tasks wait, and what a checkout costs."""

import argparse
import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from benchmarks.command import names, run
from benchmarks.requests.databases import KINDS
from config import DatabaseSettings
from sessionscope.database.engine import build_async_engine
from sessionscope.database.pools import AsyncWatchedPool

POOLS: Final = {"ours": AsyncWatchedPool, "sqlalchemy": AsyncAdaptedQueuePool}
SIZES: Final = ((5, 10), (15, 0))
ROUNDS: Final = 3
CHECKOUTS: Final = 1000
UNCONTENDED: Final = 2000
HEAD: Final = (
    "| database | pool | size + overflow | places lost | p99 wait, ms | longest wait, ms | opened | us a checkout |"
)


@dataclass
class Run:
    """What one run saw.

    Attributes:
        lost: How many requests that came later were served before the unluckiest one.
        waits: How long each request waited for its connection, in seconds.
        opened: How many connections were opened.
        cost: The time of an uncontended checkout, in microseconds.
    """

    lost: int
    waits: list[float]
    opened: int
    cost: float


def main() -> None:
    """Run the pools in turn, a few rounds, and print the medians."""
    options = _options()
    print(HEAD, "|" + "---|" * HEAD.count(" | ") + "---|", sep="\n")
    for database in options.database or KINDS:
        with KINDS[database]() as url:
            for sizes in SIZES:
                runs: dict[str, list[Run]] = {name: [] for name in POOLS}
                for _ in range(ROUNDS):
                    for name, found in runs.items():
                        found.append(asyncio.run(_measure(url, name, sizes, options.clients)))
                for name, found in runs.items():
                    print(_row(database, name, sizes, found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pools", description=__doc__)
    parser.add_argument("--database", type=names(KINDS), help=f"of {', '.join(KINDS)}")
    parser.add_argument("--clients", type=int, default=256, help="tasks that ask again and again")
    return parser.parse_args()


def _row(database: str, name: str, sizes: tuple[int, int], found: list[Run]) -> str:
    p99 = median(quantiles(each.waits, n=100)[98] for each in found) * 1000
    longest = median(max(each.waits) for each in found) * 1000
    lost = sorted(each.lost for each in found)
    opened, cost = median(each.opened for each in found), median(each.cost for each in found)
    return (
        f"| {database} | {name} | {sizes[0]} + {sizes[1]} | {lost[0]} to {lost[-1]} | {p99:.0f} | {longest:.0f} "
        f"| {opened:.0f} | {cost:.1f} |"
    )


async def _measure(url: str, name: str, sizes: tuple[int, int], clients: int) -> Run:
    async with _engine(url, name, sizes) as engine:
        opened: list[object] = []
        event.listen(engine.sync_engine, "connect", lambda connection, _: opened.append(connection))
        cost = await _cost(engine)
        async with AsyncExitStack() as held:
            for _ in range(sum(sizes)):
                await held.enter_async_context(engine.connect())
        waits, lost = await _crowd(engine, clients)
        return Run(lost, waits, len(opened), cost)


@asynccontextmanager
async def _engine(url: str, name: str, sizes: tuple[int, int]) -> AsyncGenerator[AsyncEngine, None]:
    settings = DatabaseSettings(url=url, pool_size=sizes[0], max_overflow=sizes[1], pool_timeout=60)
    engine = build_async_engine(settings, poolclass=POOLS[name])
    yield engine
    await engine.dispose()


async def _cost(engine: AsyncEngine) -> float:
    async with engine.connect():
        pass

    def take(_: object) -> float:
        sync, start = engine.sync_engine, time.perf_counter()
        for _ in range(UNCONTENDED):
            sync.pool.connect().close()
        return (time.perf_counter() - start) / UNCONTENDED * 1e6

    async with engine.connect() as connection:
        return await connection.run_sync(take)


async def _crowd(engine: AsyncEngine, clients: int) -> tuple[list[float], int]:
    """Let *clients* ask again and again; return how long they waited, and the most places that one of them lost."""
    waits: list[float] = []
    served: list[int] = []
    asked = 0

    async def ask() -> None:
        nonlocal asked
        while asked < CHECKOUTS:
            number, asked, start = asked, asked + 1, time.perf_counter()
            async with engine.connect() as connection:
                waits.append(time.perf_counter() - start)
                served.append(number)
                await connection.execute(text("SELECT 1"))

    await asyncio.gather(*(ask() for _ in range(clients)))
    return waits, max(place - number for place, number in enumerate(served))


if __name__ == "__main__":
    run(main)
