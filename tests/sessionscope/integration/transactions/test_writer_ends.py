"""How units of work end that are cancelled or lose their COMMIT in SQLite's writer, and how the writer itself ends."""

import asyncio
import os
import subprocess
import sys
import threading

import pytest
from anyio import CancelScope
from sqlalchemy import select
from sqlalchemy.orm import Session

from sessionscope import close_container, scope
from sessionscope.database.errors import CommitOutcomeUnknownError
from sessionscope.testing.failing import lost_commit
from tests.sessionscope.integration.transactions.test_unit_of_work import add_plainly, busy, count_users
from tests.sessionscope.integration.transactions.writing import Slow, run, settled, thread_name
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import Base, User

pytestmark = pytest.mark.isolation("database")

FORKING = """
import asyncio, os
from sqlalchemy import text
from tests.sessionscope.service.containers import ApplicationContainer
from sessionscope import scope

container = ApplicationContainer()

async def write():
    async with scope():
        transactions = container.database.async_transactions()
        return await transactions.run_sync(lambda session: session.scalar(text("SELECT 1")))

assert asyncio.run(write()) == 1
child = os.fork()
if child == 0:
    print(asyncio.run(asyncio.wait_for(write(), 10)), flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(asyncio.run(write()))
"""


class TestCancellation:
    async def test_unit_that_is_cancelled_in_the_line_never_runs(self, container: ApplicationContainer) -> None:
        """Its task doesn't wait for the units before it."""
        slow, ran = Slow(), list[Session]()
        first = await slow.start(container)
        second = asyncio.ensure_future(run(container, ran.append))
        await settled()
        second.cancel()
        async with asyncio.timeout(5):
            with pytest.raises(asyncio.CancelledError):
                await second
        slow.may_end.set()
        await first
        await run(container, lambda _: None)
        assert [] == ran

    @pytest.mark.parametrize("cancel", ["asyncio", "asyncio, twice", "anyio"])
    async def test_unit_that_is_cancelled_in_the_thread_is_rolled_back(
        self, container: ApplicationContainer, cancel: str
    ) -> None:
        """Its task waits for the thread, which has the session too."""
        slow, cancelling = Slow(), CancelScope()

        async def work() -> None:
            async with scope():
                with cancelling:
                    await container.database.async_transactions().run_sync(slow)
                assert not container.database.async_session().in_transaction()

        task = asyncio.ensure_future(work())
        assert await asyncio.to_thread(slow.begun.wait, 10)
        for _ in range(2 if "twice" in cancel else 1):
            cancelling.cancel() if cancel == "anyio" else task.cancel()
            await asyncio.wait([task], timeout=0.05)
        assert not task.done()
        slow.may_end.set()
        await asyncio.wait([task])
        assert cancelling.cancelled_caught if cancel == "anyio" else task.cancelled()
        assert (0, 0) == (await count_users(container), container.database.retry_policy().counts.committed)

    async def test_cancelled_unit_is_not_run_again(self, container: ApplicationContainer) -> None:
        """The cancellation is raised, whatever the unit has raised meanwhile."""
        slow = Slow(fails=busy())
        task = await slow.start(container)
        task.cancel()
        await settled()
        slow.may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (1, 0) == (slow.runs, await count_users(container))


class TestLostCommit:
    @pytest.mark.every_database
    @pytest.mark.parametrize("is_idempotent", [False, True])
    async def test_plain_unit_with_a_lost_commit_is_run_again_if_idempotent(
        self, container: ApplicationContainer, *, is_idempotent: bool
    ) -> None:
        """Any other unit may have been committed, and its error says so."""

        def add_once(session: Session) -> None:
            if session.scalar(select(User.id)) is None:
                add_plainly(session)

        with lost_commit(container.database.engine(), container.database.async_engine()):
            if is_idempotent:
                await run(container, add_once, idempotent=True)
            else:
                with pytest.raises(CommitOutcomeUnknownError, match="not known"):
                    await run(container, add_once)
        assert 1 == await count_users(container)


class TestLifetime:
    async def test_thread_ends_with_the_container(self, impatient: ApplicationContainer) -> None:
        """A unit after that starts another thread."""
        for _ in range(2):
            name = await run(impatient, thread_name)
            assert name.startswith("writing")
            [thread] = [each for each in threading.enumerate() if each.name == name]
            await close_container(impatient)
            assert not thread.is_alive()
            Base.metadata.create_all(impatient.database.engine())

    async def test_factory_without_units_has_no_thread(self, impatient: ApplicationContainer) -> None:
        """There is nothing to wait for when it is closed."""
        assert impatient.database.async_session_factory().dispose() is None

    def test_writer_serves_one_event_loop_after_another(self, container: ApplicationContainer) -> None:
        """The thread belongs to no event loop."""
        names = {asyncio.run(run(container, thread_name)) for _ in range(2)}
        assert 1 == len(names)

    @pytest.mark.skipif(sys.platform == "win32", reason="needs os.fork")
    def test_forked_child_has_a_writer_of_its_own(self, database_url: str) -> None:
        """The child doesn't wait for its parent's thread, and the parent goes on with it."""
        environment = os.environ | {"APP_DATABASE__URL": database_url}
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", FORKING], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert (0, "1\n1\n") == (done.returncode, done.stdout), done.stderr
