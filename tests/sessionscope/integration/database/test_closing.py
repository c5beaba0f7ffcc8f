"""Every connection that is opened is closed, and not left to the garbage collector."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

import pytest
from anyio import CancelScope, create_task_group
from sqlalchemy import Connection, Engine, event, select
from sqlalchemy.ext.asyncio import AsyncEngine

from sessionscope import close_container, scope
from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.settings import DatabaseSettings
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.settings import Settings

pytestmark = pytest.mark.isolation("none")

PATIENCE_SECONDS = 5


def open_connections(engine: Engine) -> set[Any]:
    """Return the set that holds the connections of *engine* while they are open."""
    found: set[Any] = set()

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        found.add(connection)

    @event.listens_for(engine, "close")
    def close(connection: Any, _record: object) -> None:
        found.remove(connection)

    return found


async def test_a_connection_that_is_stopped_twice_leaves_no_task_waiting(empty_database_url: str) -> None:
    """A close and a stop may overlap when a server ends, and both of them finish."""
    engine = build_async_engine(DatabaseSettings(url=empty_database_url))
    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        async with asyncio.timeout(PATIENCE_SECONDS):
            for stopped in [driver.stop(), driver.stop()]:
                await stopped
    await engine.dispose()


@pytest.mark.every_database
class TestDispose:
    """A connection that is checked out when its engine is disposed of is closed when it is returned."""

    def test_a_sync_connection_is_closed_on_return(self, empty_database_url: str) -> None:
        """Idle connections are closed at once."""
        engine = build_engine(DatabaseSettings(url=empty_database_url))
        found = open_connections(engine)
        with engine.connect(), engine.connect():
            engine.connect().close()
            engine.dispose()
            assert 2 == len(found)
        assert set() == found

    async def test_an_async_connection_is_closed_on_return(self, empty_database_url: str) -> None:
        """The garbage collector could not close it: that takes an event loop."""
        engine = build_async_engine(DatabaseSettings(url=empty_database_url))
        found = open_connections(engine.sync_engine)
        async with engine.connect(), engine.connect():
            await (await engine.connect()).close()
            await engine.dispose()
            assert 2 == len(found)
        assert set() == found

    async def test_the_engine_keeps_its_next_connections(self, empty_database_url: str) -> None:
        """An engine that was disposed of may be used again, with a new pool."""
        engine = build_async_engine(DatabaseSettings(url=empty_database_url))
        await engine.dispose()
        for _ in range(2):
            async with engine.connect() as connection:
                await connection.execute(select(1))
        pool: Any = engine.pool
        assert 1 == pool.checkedin()
        await engine.dispose()


class Opening:
    """An SQLite connection that is being opened in a thread, until the test lets it go on."""

    def __init__(self, engine: AsyncEngine, loop: asyncio.AbstractEventLoop) -> None:
        self.begun = asyncio.Event()
        self.may_go_on = threading.Event()
        self.opened = 0
        self.closed = 0
        opening = self

        class Counted(sqlite3.Connection):
            def __init__(self, *arguments: Any, **options: Any) -> None:
                loop.call_soon_threadsafe(opening.begun.set)
                assert opening.may_go_on.wait(10)
                super().__init__(*arguments, **options)
                opening.opened += 1

            def close(self) -> None:
                super().close()
                opening.closed += 1

        @event.listens_for(engine.sync_engine, "do_connect")
        def count(_dialect: object, _record: object, _arguments: object, options: dict[str, Any]) -> None:
            options["factory"] = Counted


@pytest.fixture
def sqlite_engine(tmp_path: Any) -> AsyncEngine:
    """Give an async engine on a file."""
    return build_async_engine(DatabaseSettings(url=f"sqlite:///{tmp_path}/x.db"))


class TestCancelledWhileConnecting:
    @pytest.mark.parametrize("times", [1, 3])
    async def test_the_connection_is_closed(self, sqlite_engine: AsyncEngine, times: int) -> None:
        """However often the task is cancelled, it ends when SQLite's thread has opened the file, and closed it."""
        opening = Opening(sqlite_engine, asyncio.get_running_loop())
        task = asyncio.ensure_future(sqlite_engine.connect().start())
        await opening.begun.wait()
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0.01)
        opening.may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (1, 1) == (opening.opened, opening.closed)
        await sqlite_engine.dispose()

    async def test_a_cancel_scope_changes_nothing(self, sqlite_engine: AsyncEngine) -> None:
        """A web framework's cancellation is repeated for as long as its task runs."""
        opening = Opening(sqlite_engine, asyncio.get_running_loop())
        with CancelScope() as cancelled:
            async with create_task_group() as group:
                group.start_soon(_connect, sqlite_engine)
                await opening.begun.wait()
                cancelled.cancel()
                asyncio.get_running_loop().call_later(0.05, opening.may_go_on.set)
        assert (1, 1) == (opening.opened, opening.closed)
        await sqlite_engine.dispose()

    @pytest.mark.usefixtures("failed_connections_end")
    async def test_a_file_that_can_not_be_opened_is_no_other_error(self, tmp_path: Any) -> None:
        """The cancellation is delivered, and the failure to open the file is not reported."""
        engine = build_async_engine(DatabaseSettings(url=f"sqlite:///{tmp_path}/missing/x.db"))
        opening = Opening(engine, asyncio.get_running_loop())
        task = asyncio.ensure_future(engine.connect().start())
        await opening.begun.wait()
        task.cancel()
        opening.may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (0, 0) == (opening.opened, opening.closed)


async def _connect(engine: AsyncEngine) -> None:
    async with engine.connect():
        pass


class TestReadingThreads:
    @pytest.fixture
    def container(self, tmp_path: Any) -> ApplicationContainer:
        """Give a container on a file."""
        return ApplicationContainer(settings=Settings(database=DatabaseSettings(url=f"sqlite:///{tmp_path}/x.db")))

    @pytest.mark.parametrize("connects_late", [False, True])
    async def test_a_cancelled_read_has_ended_when_its_container_is_closed(
        self, container: ApplicationContainer, *, connects_late: bool
    ) -> None:
        """A thread that is still busy, or has not connected yet, leaves no connection in a discarded pool."""
        begun, may_go_on = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()
        engine = container.database.engine()
        found = open_connections(engine)

        def hold(*_: Any) -> None:
            loop.call_soon_threadsafe(begun.set)
            assert may_go_on.wait(10)

        work: Callable[[Connection], Any] = (lambda connection: connection.scalar(select(1))) if connects_late else hold
        if connects_late:
            event.listen(engine, "do_connect", hold)
        async with scope():
            reading = asyncio.ensure_future(container.database.async_reads().read(work))
            await begun.wait()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        loop.call_later(0.1, may_go_on.set)
        await close_container(container)
        assert (True, set()) == (may_go_on.is_set(), found)
