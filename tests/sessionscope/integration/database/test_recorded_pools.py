"""Pools record who holds each connection, and tell listeners how long it was waited for and held."""

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Generator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Engine, text

from sessionscope.database.checkouts import current_task
from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.database.factories import SessionFactory
from sessionscope.database.long_holds import report
from sessionscope.database.recorded_pool import RecordedPool
from sessionscope.database.recorded_session import open_sessions
from sessionscope.database.signals import PoolName, connection_released, held_long
from sessionscope.settings import DatabaseSettings

pytestmark = pytest.mark.isolation("none")

Told = list[tuple[str, PoolName, Any]]


@pytest.fixture(name="told")
def _told() -> Generator[Told, None, None]:
    """Give what the signals told during the test."""
    told: Told = []

    def released(name: PoolName, waited: float, held: float) -> None:
        told.append(("released", name, (waited, held)))

    def long(name: PoolName, what: str) -> None:
        told.append(("long", name, what))

    pairs: list[tuple[Any, Callable[..., None]]] = [
        (connection_released, released),
        (held_long, long),
    ]
    for signal, listener in pairs:
        signal.add(listener)
    yield told
    for signal, listener in pairs:
        signal.remove(listener)


def settings_for(tmp_path: Path, **more: Any) -> DatabaseSettings:
    """Return the settings of a new SQLite database."""
    return DatabaseSettings(url=f"sqlite:///{tmp_path}/app.db", **more)


def pool_of(engine: Engine) -> RecordedPool:
    """Return the pool of *engine*."""
    assert isinstance(engine.pool, RecordedPool)
    return engine.pool


@pytest.mark.parametrize("pool_class", ["queue", "null"])
class TestCheckouts:
    def test_the_task_and_its_line_are_recorded(self, tmp_path: Path, pool_class: str) -> None:
        """Each pool knows the task and the line of code that took a connection, until it comes back."""
        engine = build_engine(settings_for(tmp_path, pool_class=pool_class))
        token = current_task.set("GET /users")
        with engine.connect():
            (checkout,) = pool_of(engine).checkouts.oldest_first()
            assert "GET /users" == str(checkout.task)
            assert str(checkout.line).startswith("tests/sessionscope/integration/database/test_recorded_pools.py:")
            assert str(checkout.line).endswith("in test_the_task_and_its_line_are_recorded")
        assert 0 == len(pool_of(engine).checkouts)
        current_task.reset(token)
        engine.dispose()

    async def test_an_async_line_is_found_through_the_greenlet(self, tmp_path: Path, pool_class: str) -> None:
        """The line is the one that awaits, not one of SQLAlchemy's or the library's."""
        engine = build_async_engine(settings_for(tmp_path, pool_class=pool_class))
        async with engine.connect():
            (checkout,) = pool_of(engine.sync_engine).checkouts.oldest_first()
            assert str(checkout.line).endswith("in test_an_async_line_is_found_through_the_greenlet")
        await engine.dispose()

    def test_listeners_are_told_of_the_wait_and_the_hold(self, tmp_path: Path, pool_class: str, told: Told) -> None:
        """A connection was waited for and held, with or without a pool."""
        engine = build_engine(settings_for(tmp_path, pool_class=pool_class))
        with engine.connect():
            time.sleep(0.02)
        name = PoolName(f"sqlite:///{tmp_path}/app.db", "pysqlite")
        (released,) = told
        waited, held = released[2]
        assert ("released", name) == released[:2]
        assert waited >= 0
        assert held >= 0.02
        engine.dispose()

    def test_a_new_pool_keeps_the_name(self, tmp_path: Path, pool_class: str) -> None:
        """Disposing of an engine replaces its pool, and the next one is known by the same name."""
        engine = build_engine(settings_for(tmp_path, pool_class=pool_class, long_hold=7))
        before = pool_of(engine)
        engine.dispose()
        assert before is not pool_of(engine)
        assert (before.name, before.long_hold) == (pool_of(engine).name, pool_of(engine).long_hold)

    # The kit doesn't see that a detached connection is closed.
    @pytest.mark.leaky
    def test_a_detached_connection_is_not_held(self, tmp_path: Path, pool_class: str) -> None:
        """A connection that leaves the pool for good is not the pool's any more."""
        engine = build_engine(settings_for(tmp_path, pool_class=pool_class))
        connection = engine.connect()
        connection.detach()
        assert 0 == len(pool_of(engine).checkouts)
        connection.close()
        engine.dispose()


class TestPoolName:
    def test_a_name_shows_no_secret(self) -> None:
        """The name of a pool goes into metrics: it has neither user, password nor options."""
        settings = DatabaseSettings(url="postgresql://ann:secret@db1:5433/shop?sslmode=require")
        engine = build_engine(settings)
        assert PoolName("postgresql://db1:5433/shop", "psycopg") == pool_of(engine).name
        assert "postgresql://db1:5433/shop (psycopg)" == str(pool_of(engine).name)


class TestWaiters:
    def test_waiting_threads_are_counted(self, tmp_path: Path) -> None:
        """A pool for threads knows how many of them wait."""
        engine = build_engine(settings_for(tmp_path, pool_size=1, max_overflow=0, pool_timeout=60))
        connection = engine.connect()
        threads = [Thread(target=lambda: engine.connect().close()) for _ in range(2)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 10
        while pool_of(engine).waiters < 2 and time.monotonic() < deadline:
            time.sleep(0.001)
        assert 2 == pool_of(engine).waiters
        connection.close()
        for thread in threads:
            thread.join(10)
        assert 0 == pool_of(engine).waiters
        engine.dispose()

    async def test_waiting_tasks_are_counted(self, tmp_path: Path) -> None:
        """A pool for tasks knows how many of them wait."""
        engine = build_async_engine(settings_for(tmp_path, pool_size=1, max_overflow=0, pool_timeout=60))
        connection = await engine.connect()
        waiting = asyncio.create_task(engine.connect().start())
        async with asyncio.timeout(10):
            while pool_of(engine.sync_engine).waiters == 0:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
        await connection.close()
        await (await waiting).close()
        assert 0 == pool_of(engine.sync_engine).waiters
        await engine.dispose()


class TestLongHolds:
    def test_a_connection_is_reported_once(self, tmp_path: Path, told: Told, caplog: pytest.LogCaptureFixture) -> None:
        """What holds a connection for too long is logged once, with its task and the line that took it."""
        engine = build_engine(settings_for(tmp_path, long_hold=0.001))
        with caplog.at_level(logging.WARNING), engine.connect():
            time.sleep(0.002)
            report([pool_of(engine)])
            report([pool_of(engine)])
        name = pool_of(engine).name
        (line,) = [record.getMessage() for record in caplog.records]
        assert line.startswith(f"a task without a name has held a connection of {name} for 0 s; opened at tests/")
        assert line.endswith("in test_a_connection_is_reported_once")
        assert [("long", name, "a connection")] == [each for each in told if each[0] == "long"]
        engine.dispose()

    def test_a_session_without_a_connection_is_reported(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """A session that is kept open is reported even while it holds no connection."""
        settings = settings_for(tmp_path, long_hold=0.001)
        engine = build_engine(settings)
        with SessionFactory(engine, settings)():
            time.sleep(0.002)
            with caplog.at_level(logging.WARNING):
                report([pool_of(engine)])
        (line,) = [record.getMessage() for record in caplog.records]
        assert "has held a session of" in line
        assert line.endswith("in test_a_session_without_a_connection_is_reported")
        engine.dispose()

    def test_short_holds_are_not_reported(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """Nothing is logged before the limit, and nothing at all without one."""
        for long_hold in (60, 0):
            engine = build_engine(settings_for(tmp_path, long_hold=long_hold))
            with caplog.at_level(logging.WARNING), engine.connect():
                report([pool_of(engine)])
            engine.dispose()
        assert [] == caplog.records

    def test_a_thread_reports_by_itself(self, tmp_path: Path, told: Told) -> None:
        """A held connection is reported without anything being asked for."""
        engine = build_engine(settings_for(tmp_path, long_hold=0.001))
        with engine.connect():
            deadline = time.monotonic() + 20
            while not any(each[0] == "long" for each in told) and time.monotonic() < deadline:
                time.sleep(0.01)
        assert [("long", pool_of(engine).name, "a connection")] == [each for each in told if each[0] == "long"]
        engine.dispose()


def forget_session(factory: SessionFactory) -> None:
    """Open a session, use it, forget it, and let it be collected."""
    session = factory()
    session.execute(text("SELECT 1"))
    del session
    gc.collect()


class TestOpenSessions:
    def test_a_session_is_open_until_its_close(self, tmp_path: Path) -> None:
        """A session counts as open from its construction to its close."""
        settings = settings_for(tmp_path)
        factory = SessionFactory(build_engine(settings), settings)
        session = factory()
        assert session in dict(open_sessions.all())
        session.close()
        assert session not in dict(open_sessions.all())

    def test_a_forgotten_session_warns(self, tmp_path: Path) -> None:
        """A session that is collected in a transaction was forgotten, and says so."""
        settings = settings_for(tmp_path)
        engine = build_engine(settings)
        with pytest.warns(ResourceWarning, match="a session was never closed, and was in a transaction"):
            forget_session(SessionFactory(engine, settings))
        engine.dispose()
