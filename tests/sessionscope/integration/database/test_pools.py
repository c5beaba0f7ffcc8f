"""The async pool serves waiters first come, first served, and never closes a connection that a waiter could use."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.util import await_only

from sessionscope.database.engine import build_async_engine
from sessionscope.settings import DatabaseSettings

pytestmark = pytest.mark.isolation("none")

Pooled = Callable[..., AsyncEngine]


@pytest.fixture(name="pooled")
async def _pooled(tmp_path: Path) -> AsyncGenerator[Pooled, None]:
    """Yield ``pooled(size, overflow)``, which makes an engine with a pool of this size on a private file."""
    engines: list[AsyncEngine] = []

    def pooled(size: int, overflow: int, patience_seconds: float = 60) -> AsyncEngine:
        engines.append(
            build_async_engine(
                DatabaseSettings(
                    url=f"sqlite:///{tmp_path}/x.db",
                    pool_size=size,
                    max_overflow=overflow,
                    pool_timeout=patience_seconds,
                )
            )
        )
        return engines[-1]

    yield pooled
    for engine in engines:
        assert (0, 0) == (checked_out(engine), waiting(engine))
        await engine.dispose()


def checked_out(engine: AsyncEngine) -> int:
    """Return how many connections are in use."""
    pool: Any = engine.pool
    return int(pool.checkedout())


def waiting(engine: AsyncEngine) -> int:
    """Return how many tasks wait for a connection."""
    pool: Any = engine.pool
    return int(pool.waiters)


async def waiter(engine: AsyncEngine, work: Callable[[], Awaitable[Any]]) -> asyncio.Task[None]:
    """Start a waiter, which does *work* with its connection."""

    async def wait() -> None:
        async with engine.connect():
            await work()

    before = waiting(engine)
    task = asyncio.create_task(wait())
    while waiting(engine) == before:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    return task


class TestOrder:
    async def test_nobody_jumps_the_queue(self, pooled: Pooled) -> None:
        """A task that gives a connection back and asks again at once comes after those that waited meanwhile."""
        engine, served = pooled(1, 0), list[str]()

        def named(name: str) -> Callable[[], Awaitable[None]]:
            async def work() -> None:
                served.append(name)

            return work

        held = await engine.connect()
        first = await waiter(engine, named("first"))
        second = await waiter(engine, named("second"))
        await held.close()
        async with engine.connect():
            served.append("the one who asked again")
        await asyncio.gather(first, second)
        assert ["first", "second", "the one who asked again"] == served


class TestOverflow:
    async def test_what_somebody_waits_for_is_not_closed(self, pooled: Pooled) -> None:
        """Three connections that are returned together serve three waiters, though the pool keeps only one idle."""
        engine = pooled(1, 2)
        held = [await engine.connect() for _ in range(3)]
        together = asyncio.Barrier(3)
        tasks = [await waiter(engine, together.wait) for _ in range(3)]
        closing = [asyncio.create_task(connection.close()) for connection in held]
        await asyncio.sleep(0)
        # Each is being reset in a thread of its own; then the loop sees all of them at once.
        time.sleep(0.2)  # noqa: ASYNC251 - to hold it up is the purpose
        async with asyncio.timeout(10):
            await asyncio.gather(*closing, *tasks)


class TestOutage:
    async def test_next_waiter_tries_to_connect(self, pooled: Pooled) -> None:
        """A waiter whose connection could not be made makes one when the server is back."""
        engine, fails, tries = pooled(1, 0), asyncio.Event(), list[int]()

        @event.listens_for(engine.sync_engine, "do_connect")
        def connect(*_: object) -> None:
            tries.append(1)
            if len(tries) == 1:
                await_only(fails.wait())
                raise ConnectionRefusedError

        first = asyncio.create_task(engine.connect().start())
        while not tries:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        second = await waiter(engine, lambda: asyncio.sleep(0))
        fails.set()
        with pytest.raises(ConnectionRefusedError):
            await first
        async with asyncio.timeout(10):
            await second

    async def test_what_is_connected_comes_first(self, pooled: Pooled) -> None:
        """After the server refused another connection, the existing ones still serve."""
        engine, tries = pooled(2, 0), list[int]()

        @event.listens_for(engine.sync_engine, "do_connect")
        def connect(*_: object) -> None:
            tries.append(1)
            if len(tries) > 1:
                raise ConnectionRefusedError

        async with engine.connect():
            with pytest.raises(ConnectionRefusedError):
                await engine.connect()
        async with engine.connect():
            pass
        assert len(tries) == 2


class TestGivingUp:
    async def test_waiter_gets_a_timeout_in_time(self, pooled: Pooled) -> None:
        """A waiter that waited as long as the settings allow gets an error, and leaves the queue."""
        engine = pooled(1, 0, 0.05)
        async with engine.connect():
            with pytest.raises(PoolTimeoutError):
                await engine.connect()

    @pytest.mark.parametrize("others", [0, 1])
    async def test_a_connection_that_came_too_late_is_handed_on(self, pooled: Pooled, others: int) -> None:
        """A waiter that is cancelled just as it gets a connection leaves it to the next one, or to the pool."""
        engine, served = pooled(1, 0), list[AsyncConnection]()

        async def work() -> None:
            served.append(held)

        held = await engine.connect()
        cancelled = await waiter(engine, work)
        tasks = [await waiter(engine, work) for _ in range(others)]
        handed = waiting(engine) - 1
        closing = asyncio.create_task(held.close())
        while waiting(engine) > handed:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        await asyncio.gather(closing, *tasks)
        assert len(served) == others
        async with engine.connect():
            pass

    async def test_cancelled_waiter_leaves_the_queue(self, pooled: Pooled) -> None:
        """The next waiter takes its place in the queue."""
        engine = pooled(1, 0)
        async with engine.connect():
            task = await waiter(engine, asyncio.Event().wait)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert waiting(engine) == 0
