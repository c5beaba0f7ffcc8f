"""Whatever becomes of a connection, another one may take its place in the pool, and no more than one."""

import asyncio
import gc
import warnings
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import InvalidatePoolError, InvalidRequestError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sessionscope.database.engine import build_async_engine
from sessionscope.settings import DatabaseSettings

pytestmark = [pytest.mark.isolation("none"), pytest.mark.every_database]

SIZE, OVERFLOW = 2, 1
MOST = SIZE + OVERFLOW


async def take(engine: AsyncEngine, count: int) -> list[AsyncConnection]:
    """Return *count* connections, each of which was used."""
    connections = [await engine.connect() for _ in range(count)]
    for connection in connections:
        await connection.execute(text("SELECT 1"))
    return connections


async def use(engine: AsyncEngine) -> None:
    """Use a connection for a short time."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))


def waiters(engine: AsyncEngine) -> int:
    """Return how many tasks wait."""
    pool: Any = engine.pool
    return int(pool.waiters)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what nobody tells."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)


@pytest.fixture
def patience_seconds() -> float:
    """Return how long a task waits for a connection: longer than any of these tests takes."""
    return 60


@pytest.fixture(name="engine")
async def _engine(empty_database_url: str, patience_seconds: float) -> AsyncGenerator[AsyncEngine, None]:
    """Yield an engine, and check at the end that its pool has as many places as in the beginning."""
    engine = build_async_engine(
        DatabaseSettings(url=empty_database_url, pool_size=SIZE, max_overflow=OVERFLOW, pool_timeout=patience_seconds)
    )
    yield engine
    pool: Any = engine.pool
    await until(lambda: pool.checkedout() == 0)
    assert waiters(engine) == 0
    connections = await take(engine, MOST)
    task = asyncio.create_task(use(engine))
    await until(lambda: waiters(engine) == 1)
    task.cancel()
    await asyncio.wait([task])
    assert MOST == pool.checkedout()
    for connection in connections:
        await connection.close()
    await engine.dispose()


class TestOneConnection:
    async def test_returned_connection_leaves_its_place(self, engine: AsyncEngine) -> None:
        """Many more tasks than connections get their turn, in the order in which they came."""
        order: list[int] = []

        async def ask(number: int) -> None:
            async with engine.connect() as connection:
                order.append(number)
                await connection.execute(text("SELECT 1"))

        # The first ones open connections, and may finish that in any order.
        for connection in await take(engine, MOST):
            await connection.close()
        await asyncio.gather(*(ask(number) for number in range(40)))
        assert sorted(order) == order

    async def test_invalidated_connection_leaves_its_place(self, engine: AsyncEngine) -> None:
        """A connection that is invalidated has none any more, and may be closed as usual."""
        connection = await engine.connect()
        await connection.invalidate()
        assert 0 == engine.pool.checkedout()  # type: ignore[attr-defined]
        await connection.close()

    async def test_connection_that_connects_again_takes_one_place(self, engine: AsyncEngine) -> None:
        """After an invalidation, the same object takes another connection from the pool."""
        connection = await engine.connect()
        await connection.invalidate()
        await connection.execute(text("SELECT 1"))
        assert 1 == engine.pool.checkedout()  # type: ignore[attr-defined]
        await connection.close()

    async def test_detached_connection_leaves_its_place(self, engine: AsyncEngine) -> None:
        """It doesn't belong to the pool any more, and its end changes nothing."""
        [connection] = await take(engine, 1)
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await connection.run_sync(lambda sync: sync.detach())
        assert 0 == engine.pool.checkedout()  # type: ignore[attr-defined]
        await connection.close()
        if engine.dialect.driver == "psycopg":
            # SQLAlchemy leaves this one open.
            await driver.close()

    async def test_lost_connection_leaves_its_place(self, engine: AsyncEngine) -> None:
        """A connection that the garbage collector finds is in nobody's use."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            [connection] = await take(engine, 1)
            del connection
            gc.collect()

    async def test_refused_connection_leaves_its_place(self, engine: AsyncEngine) -> None:
        """A listener that refuses each connection at its checkout gets an error, and the pool loses nothing."""

        def refuse(*_: object) -> None:
            raise InvalidatePoolError

        event.listen(engine.sync_engine, "checkout", refuse)
        with pytest.raises(InvalidRequestError):
            await engine.connect()
        event.remove(engine.sync_engine, "checkout", refuse)

    async def test_failed_listener_leaves_the_place(self, engine: AsyncEngine) -> None:
        """An unexpected error of a listener at the checkout."""

        def fail(*_: object) -> None:
            raise KeyError

        event.listen(engine.sync_engine, "checkout", fail)
        with pytest.raises(KeyError):
            await engine.connect()
        event.remove(engine.sync_engine, "checkout", fail)

    async def test_connection_that_could_not_be_made_leaves_the_place(
        self, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However often that happens."""

        def fail(*_: object, **__: object) -> None:
            raise ConnectionRefusedError

        monkeypatch.setattr(engine.dialect, "connect", fail)
        for _ in range(2 * MOST):
            with pytest.raises((ConnectionRefusedError, OperationalError)):
                await engine.connect()
        monkeypatch.undo()


class TestWaiters:
    async def test_cancelled_waiter_takes_no_place(self, engine: AsyncEngine) -> None:
        """The others are served."""
        held = await take(engine, MOST)
        tasks = [asyncio.create_task(use(engine)) for _ in range(5)]
        await until(lambda: waiters(engine) == 5)
        tasks[1].cancel()
        tasks[3].cancel()
        for connection in held:
            await connection.close()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert [None, asyncio.CancelledError, None, asyncio.CancelledError, None] == [
            type(each) if each else None for each in ended
        ]

    @pytest.mark.parametrize("cancelled_first", [False, True])
    async def test_waiter_that_is_cancelled_in_the_hand_over_takes_no_place(
        self, engine: AsyncEngine, *, cancelled_first: bool
    ) -> None:
        """The waiter gets its place and is cancelled in the same turn of the event loop, in either order."""
        held = await take(engine, MOST)
        task = asyncio.create_task(use(engine))
        await until(lambda: waiters(engine) == 1)

        @event.listens_for(engine.sync_engine, "reset")
        def cancel_first(*_: object) -> None:
            if cancelled_first:
                task.cancel()

        @event.listens_for(engine.sync_engine, "checkin")
        def cancel_last(*_: object) -> None:
            task.cancel()

        for connection in held:
            await connection.close()
        with pytest.raises(asyncio.CancelledError):
            await task
        event.remove(engine.sync_engine, "reset", cancel_first)
        event.remove(engine.sync_engine, "checkin", cancel_last)

    @pytest.mark.parametrize("patience_seconds", [0.3])
    async def test_waiter_that_gives_up_takes_no_place(self, engine: AsyncEngine) -> None:
        """It gets an error in time."""
        held = await take(engine, MOST)
        with pytest.raises(PoolTimeoutError, match=r"no connection was free within 0\.3 s"):
            await use(engine)
        for connection in held:
            await connection.close()


class TestDispose:
    async def test_disposed_pool_leaves_the_new_one_alone(self, engine: AsyncEngine) -> None:
        """A connection of the old pool that comes back later frees no place in the new one."""
        [old] = await take(engine, 1)
        await engine.dispose()
        [new] = await take(engine, 1)
        await old.close()
        assert 1 == engine.pool.checkedout()  # type: ignore[attr-defined]
        await new.close()

    async def test_waiter_of_a_disposed_pool_is_served(self, engine: AsyncEngine) -> None:
        """It gets its turn when a connection of the old pool comes back, and leaves nothing open."""
        found: set[Any] = set()
        event.listen(engine.sync_engine, "connect", lambda connection, _: found.add(connection))
        event.listen(engine.sync_engine, "close", lambda connection, _: found.discard(connection))
        held = await take(engine, MOST)
        task = asyncio.create_task(use(engine))
        await until(lambda: waiters(engine) == 1)
        await engine.dispose()
        for connection in held:
            await connection.close()
        await task
        assert set() == found
