"""Connections beyond the pool's size stay open while they are needed, and are closed after some idle time."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine

from sessionscope.database import gated_pool
from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.settings import DatabaseSettings

pytestmark = [pytest.mark.isolation("none"), pytest.mark.every_database]

SIZE, OVERFLOW = 2, 3
MOST = SIZE + OVERFLOW
IDLE_SECONDS = 0.2


class Opened:
    """What the engine under test has opened, and what of that is still open."""

    def __init__(self, engine: Engine) -> None:
        self.total = 0
        self.open = set[Any]()
        event.listen(engine, "connect", self._connect)
        event.listen(engine, "close", lambda connection, _: self.open.discard(connection))

    def _connect(self, connection: object, _: object) -> None:
        self.total += 1
        self.open.add(connection)


@pytest.fixture(name="idle_seconds", autouse=True)
def _idle_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gated_pool, "OVERFLOW_IDLE_SECONDS", IDLE_SECONDS)


def settings(url: str, overflow: int = OVERFLOW) -> DatabaseSettings:
    """Return settings for a small pool."""
    return DatabaseSettings(url=url, pool_size=SIZE, max_overflow=overflow, pool_timeout=0.3)


@pytest.fixture(name="engine")
def _engine(empty_database_url: str) -> Generator[Engine, None, None]:
    engine = build_engine(settings(empty_database_url))
    yield engine
    engine.dispose()


@pytest.fixture(name="async_engine")
async def _async_engine(empty_database_url: str) -> AsyncGenerator[AsyncEngine, None]:
    engine = build_async_engine(settings(empty_database_url))
    yield engine
    await engine.dispose()


def burst(engine: Engine, count: int = MOST) -> None:
    """Use *count* connections at a time."""
    with ExitStack() as held:
        for _ in range(count):
            held.enter_context(engine.connect()).execute(text("SELECT 1"))


async def async_burst(engine: AsyncEngine, count: int = MOST) -> None:
    """Use *count* connections at a time."""
    async with AsyncExitStack() as held:
        for _ in range(count):
            await (await held.enter_async_context(engine.connect())).execute(text("SELECT 1"))


def status(pool: Any) -> tuple[int, int, int, int]:
    """Return the size, and how many connections are idle, in use, and open beyond the size."""
    return pool.size(), pool.checkedin(), pool.checkedout(), pool.overflow()


async def closed(opened: Opened) -> None:
    """Wait until only as many connections are open as the pool keeps."""
    async with asyncio.timeout(10):
        while len(opened.open) > SIZE:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    assert SIZE == len(opened.open)


class TestThreads:
    def test_overflow_is_kept_while_it_is_needed(self, engine: Engine) -> None:
        """Nothing is opened twice, and the status counts as the settings do."""
        opened = Opened(engine)
        with engine.connect(), engine.connect(), engine.connect():
            assert (SIZE, 0, 3, 1) == status(engine.pool)
        for _ in range(10):
            burst(engine)
        assert (MOST, MOST) == (opened.total, len(opened.open))
        assert (SIZE, MOST, 0, OVERFLOW) == status(engine.pool)
        assert engine.pool.status().startswith("Pool size: 2  Connections in pool: 5 Current Overflow: 3")

    def test_idle_overflow_is_closed(self, engine: Engine) -> None:
        """The next request closes it, and no other connection."""
        opened = Opened(engine)
        burst(engine)
        time.sleep(IDLE_SECONDS + 0.01)
        burst(engine, 1)
        assert (MOST, SIZE) == (opened.total, len(opened.open))
        assert (SIZE, SIZE, 0, 0) == status(engine.pool)
        burst(engine)
        assert (MOST + OVERFLOW, MOST) == (opened.total, len(opened.open))

    def test_overflow_in_use_is_not_closed(self, engine: Engine) -> None:
        """However long it is in use. Once it was idle for long enough, it is closed too."""
        opened = Opened(engine)
        with engine.connect(), engine.connect() as kept, engine.connect() as beyond:
            time.sleep(IDLE_SECONDS + 0.01)
            kept.close()
            burst(engine, 1)
            beyond.execute(text("SELECT 1"))
            assert 3 == len(opened.open)
        time.sleep(IDLE_SECONDS + 0.01)
        burst(engine, 1)
        assert SIZE == len(opened.open)

    def test_waiter_gets_an_error_in_time(self, engine: Engine) -> None:
        """Not more connections than the settings allow are open."""
        with ExitStack() as held:
            for _ in range(MOST):
                held.enter_context(engine.connect())
            with pytest.raises(PoolTimeoutError):
                engine.connect()

    def test_next_waiter_tries_to_connect(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        """A waiter whose connection could not be made leaves its place to the next one at once."""
        refused = threading.Event()

        def fail(*_: object, **__: object) -> None:
            refused.wait(0.1)
            raise ConnectionRefusedError

        monkeypatch.setattr(engine.dialect, "connect", fail)
        # With pymysql, the library opens the socket.
        monkeypatch.setattr("sessionscope.database.backends.mysql.connecting.connect_pymysql", fail)
        errors: list[Exception] = []

        def ask() -> None:
            try:
                engine.connect().close()
            except (OSError, OperationalError, PoolTimeoutError) as error:
                errors.append(error)

        threads = [threading.Thread(target=ask) for _ in range(2 * MOST)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 2 * MOST == len(errors)
        assert not any(isinstance(error, PoolTimeoutError) for error in errors)
        monkeypatch.undo()
        burst(engine)

    def test_threads_share_the_connections(self, engine: Engine) -> None:
        """A crowd of threads is served, and never has more connections than allowed."""
        opened, most = Opened(engine), list[int]()

        def work() -> None:
            for _ in range(20):
                with engine.connect() as connection:
                    connection.execute(text("SELECT 1"))
                    most.append(engine.pool.checkedout())  # type: ignore[attr-defined]

        threads = [threading.Thread(target=work) for _ in range(MOST)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (20 * MOST, 0) == (len(most), engine.pool.checkedout())  # type: ignore[attr-defined]
        assert max(most) <= MOST
        assert len(opened.open) <= MOST


class TestTasks:
    async def test_overflow_is_kept_while_it_is_needed(self, async_engine: AsyncEngine) -> None:
        """Nothing is opened twice, and the status counts as the settings do."""
        opened = Opened(async_engine.sync_engine)
        async with async_engine.connect(), async_engine.connect(), async_engine.connect():
            assert (SIZE, 0, 3, 1) == status(async_engine.pool)
        for _ in range(10):
            await async_burst(async_engine)
        assert (MOST, MOST) == (opened.total, len(opened.open))
        assert (SIZE, MOST, 0, OVERFLOW) == status(async_engine.pool)

    async def test_idle_overflow_is_closed(self, async_engine: AsyncEngine) -> None:
        """The next request lets it be closed, without waiting for that."""
        opened = Opened(async_engine.sync_engine)
        await async_burst(async_engine)
        await asyncio.sleep(IDLE_SECONDS + 0.01)
        await async_burst(async_engine, 1)
        await closed(opened)
        assert (SIZE, SIZE, 0, 0) == status(async_engine.pool)
        await async_burst(async_engine)
        assert (MOST + OVERFLOW, MOST) == (opened.total, len(opened.open))

    async def test_end_waits_until_the_overflow_is_closed(self, async_engine: AsyncEngine) -> None:
        """An engine that is disposed of just then leaves no connection open."""
        opened = Opened(async_engine.sync_engine)
        await async_burst(async_engine)
        await asyncio.sleep(IDLE_SECONDS + 0.01)
        await async_burst(async_engine, 1)
        await async_engine.dispose()
        assert set() == opened.open

    async def test_overflow_in_use_is_not_closed(self, async_engine: AsyncEngine) -> None:
        """However long it is in use. Once it was idle for long enough, it is closed too."""
        opened = Opened(async_engine.sync_engine)
        async with async_engine.connect(), async_engine.connect() as kept, async_engine.connect() as beyond:
            await asyncio.sleep(IDLE_SECONDS + 0.01)
            await kept.close()
            await async_burst(async_engine, 1)
            await beyond.execute(text("SELECT 1"))
            assert 3 == len(opened.open)
        await asyncio.sleep(IDLE_SECONDS + 0.01)
        await async_burst(async_engine, 1)
        await closed(opened)


class TestWithoutLimit:
    def test_unlimited_overflow_is_closed_at_once(self, empty_database_url: str) -> None:
        """SQLAlchemy's own behaviour stays."""
        engine = build_engine(settings(empty_database_url, -1))
        opened = Opened(engine)
        burst(engine, 2 * MOST)
        assert (SIZE, SIZE, 0, 0) == (len(opened.open), *status(engine.pool)[1:])
        engine.dispose()
        assert set() == opened.open
