"""Visits to SQLite run in threads. Visits to other databases run in SQLAlchemy's greenlet."""

import asyncio
import os
import subprocess
import sys
import threading

import pytest
from sqlalchemy import Connection, func, select, text

from sessionscope import scope
from sessionscope.database.checkouts import current_task
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import User

FORKING = """
import asyncio, os
from sqlalchemy import select
from tests.sessionscope.service.containers import ApplicationContainer
from sessionscope import scope

container = ApplicationContainer()

async def read():
    async with scope():
        return await container.database.async_reads().read(lambda connection: connection.scalar(select(1)))

assert asyncio.run(read()) == 1
child = os.fork()
if child == 0:
    print(asyncio.run(asyncio.wait_for(read(), 10)), flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.every_database
@pytest.mark.isolation("database")
class TestWhere:
    async def test_reads_run_in_a_thread_on_sqlite_only(self, container: ApplicationContainer) -> None:
        """The thread has the context of the task that it works for."""
        token = current_task.set("GET /somewhere")

        def work(connection: Connection) -> tuple[bool, object, object]:
            total = connection.scalar(select(func.count()).select_from(User))
            return threading.current_thread() is threading.main_thread(), current_task.get(), total

        async with scope():
            is_here, task, total = await container.database.async_reads().read(work)
        current_task.reset(token)
        assert (container.database.engine().dialect.name != "sqlite") is is_here
        assert ("GET /somewhere", 0) == (task, total)


@pytest.mark.isolation("database")
class TestThreads:
    async def test_cancelled_read_does_not_wait_for_its_thread(self, container: ApplicationContainer) -> None:
        """The thread gives its connection back when it is done."""
        may_end, begun = threading.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def work(connection: Connection) -> None:
            loop.call_soon_threadsafe(begun.set)
            may_end.wait(10)
            connection.execute(text("SELECT 1"))

        async with scope():
            reading = asyncio.ensure_future(container.database.async_reads().read(work))
            await begun.wait()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        pool = container.database.engine().pool
        assert 1 == pool.checkedout()  # type: ignore[attr-defined]
        may_end.set()
        async with asyncio.timeout(10):
            while pool.checkedout():  # type: ignore[attr-defined]  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)

    async def test_what_fails_there_fails_here(self, container: ApplicationContainer) -> None:
        """The caller gets the error that the work raised."""

        def work(_: Connection) -> None:
            raise KeyError("in the thread")

        async with scope():
            with pytest.raises(KeyError, match="in the thread"):
                await container.database.async_reads().read(work)

    @pytest.mark.skipif(sys.platform == "win32", reason="needs os.fork")
    def test_a_forked_child_has_its_own(self, database_url: str) -> None:
        """The child doesn't have its parent's threads, and doesn't wait for them."""
        environment = os.environ | {"APP_DATABASE__URL": database_url}
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", FORKING], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert (0, "1\n") == (done.returncode, done.stdout), done.stderr
