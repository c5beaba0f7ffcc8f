"""On SQLite, units of work that are plain functions run in one thread, one after the other."""

import asyncio
import sqlite3
import time
from contextlib import closing
from functools import partial
from typing import Any

import httpx2
import pytest
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.orm import Session
from sqlalchemy.util import await_only

from sessionscope import scope
from sessionscope.database.checkouts import current_task
from sessionscope.database.errors import Failure, failure_of
from sessionscope.database.writer import LineTimeoutError, WaitingUnitError
from sessionscope.testing.queries import query_log
from sessionscope.transactions.options import TransactionOptions
from tests.sessionscope.integration.transactions.test_unit_of_work import add_plainly, add_user, busy, count_users
from tests.sessionscope.integration.transactions.writing import Slow, run, settled, thread_name
from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import User

pytestmark = pytest.mark.isolation("database")


def lock_timeout(session: Session) -> Any:
    """Return how long the connection waits for the file's lock, in milliseconds."""
    return session.scalar(text("PRAGMA busy_timeout"))


def file_of(container: ApplicationContainer) -> str:
    """Return the path of the database."""
    return str(container.database.location().url.database)


class TestThread:
    @pytest.mark.every_database
    async def test_plain_units_run_in_a_thread_on_sqlite_only(self, container: ApplicationContainer) -> None:
        """The thread has the context of the task that it works for."""
        token = current_task.set("POST /somewhere")
        name, task = await run(container, lambda session: (thread_name(session), current_task.get()))
        current_task.reset(token)
        is_sqlite = container.database.engine().dialect.name == "sqlite"
        assert (is_sqlite, "POST /somewhere") == (name.startswith("writing"), task)

    async def test_unit_in_the_thread_uses_the_sync_engine_alone(self, container: ApplicationContainer) -> None:
        """The session is the scope's own, and only its connection is another one."""
        async with scope():
            session = container.database.async_session()
            used = await container.database.async_transactions().run_sync(
                lambda inner: (inner is session.sync_session, inner.get_bind())
            )
            assert (True, container.database.engine()) == used
            assert container.database.async_engine().sync_engine is session.get_bind()
            assert not session.in_transaction()

    async def test_session_goes_on_in_the_event_loop_after_a_unit_in_the_thread(
        self, container: ApplicationContainer
    ) -> None:
        """What the unit made is in the session, and later statements go through the async engine."""
        async with scope():
            user = await container.database.async_transactions().run_sync(add_plainly)
            session = container.database.async_session()
            assert user is await session.get_one(User, user.id)
            assert 1 == await session.scalar(select(func.count()).select_from(User))

    async def test_statements_of_the_thread_are_counted(self, container: ApplicationContainer) -> None:
        """The query log of the test kit sees them, with the line that sent them."""
        with query_log() as log:
            await run(container, add_plainly)
        [query] = log.queries
        assert ("INSERT", "add_plainly") == (query.statement[:6], query.line.function)

    async def test_unit_that_only_reads_does_not_wait_for_writers(self, container: ApplicationContainer) -> None:
        """It runs in the event loop, while another unit is in the thread."""
        slow = Slow()
        task = await slow.start(container)
        async with asyncio.timeout(5):
            name = await run(container, thread_name, TransactionOptions(read_only=True))
        slow.may_end.set()
        await task
        assert not name.startswith("writing")

    async def test_unit_in_the_thread_can_wait_for_nothing_but_the_database(
        self, container: ApplicationContainer
    ) -> None:
        """A unit that waits for the event loop fails and is rolled back, instead of blocking all others."""
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def work(session: Session) -> None:
            add_plainly(session)
            await_only(never)

        with pytest.raises(WaitingUnitError, match="nothing but the database"):
            await run(container, work)
        assert 0 == await count_users(container)


class TestOrder:
    async def test_units_run_one_at_a_time_in_the_order_in_which_they_came(
        self, container: ApplicationContainer
    ) -> None:
        """The first unit in the line runs next, whichever session it belongs to."""
        slow, order, running = Slow(), list[int](), list[int]()

        def work(_: Session, number: int) -> None:
            running.append(number)
            time.sleep(0.002)
            assert [number] == running
            order.append(running.pop())

        task = await slow.start(container)
        tasks: list[asyncio.Task[None]] = []
        for number in range(20):
            tasks.append(asyncio.ensure_future(run(container, partial(work, number=number))))
            await settled()
        slow.may_end.set()
        await asyncio.gather(task, *tasks)
        assert list(range(20)) == order

    async def test_second_unit_of_a_session_comes_after_the_first(self, container: ApplicationContainer) -> None:
        """The second one doesn't join the unit of another task, which may still be rolled back."""
        slow = Slow(fails=KeyError("later"))
        async with scope():
            transactions = container.database.async_transactions()
            first = asyncio.ensure_future(transactions.run_sync(slow))
            assert await asyncio.to_thread(slow.begun.wait, 10)
            second = asyncio.ensure_future(transactions.run_sync(add_plainly))
            await settled()
            slow.may_end.set()
            with pytest.raises(KeyError):
                await first
            await second
        assert 1 == await count_users(container)

    async def test_async_unit_of_a_session_that_is_in_the_thread_is_refused(
        self, container: ApplicationContainer
    ) -> None:
        """It neither joins the unit of another task, nor rolls it back."""
        slow = Slow()
        async with scope():
            transactions = container.database.async_transactions()
            first = asyncio.ensure_future(transactions.run_sync(slow))
            assert await asyncio.to_thread(slow.begun.wait, 10)
            with pytest.raises(InvalidRequestError, match="already begun"):
                await transactions.run(add_user)
            slow.may_end.set()
            await first
        assert 1 == await count_users(container)

    async def test_unit_is_refused_if_its_session_is_in_use_when_its_turn_comes(
        self, container: ApplicationContainer
    ) -> None:
        """Another task has read from the session while the unit was in the line."""
        slow = Slow()
        first = await slow.start(container)
        async with scope():
            second = asyncio.ensure_future(container.database.async_transactions().run_sync(add_plainly))
            await settled()
            await container.database.async_session().execute(select(1))
            slow.may_end.set()
            with pytest.raises(InvalidRequestError, match="already begun"):
                await second
        await first
        assert 1 == await count_users(container)

    async def test_unit_that_waits_to_run_again_lets_others_run(self, container: ApplicationContainer) -> None:
        """The wait before the next run doesn't take place in the thread."""
        slow, order = Slow(), list[str]()

        def failing(_: Session) -> None:
            order.append("failing")
            if len(order) == 1:
                raise busy()

        task = await slow.start(container)
        tasks = [asyncio.ensure_future(run(container, failing))]
        await settled()
        tasks.append(asyncio.ensure_future(run(container, lambda _: order.append("other"))))
        await settled()
        slow.may_end.set()
        await asyncio.gather(task, *tasks)
        assert ["failing", "other", "failing"] == order
        assert {Failure.LOCK_TIMEOUT: 1} == container.database.retry_policy().counts.retried


class TestPatience:
    @pytest.mark.parametrize("of_unit", [None, 0.1], ids=["setting", "option"])
    async def test_unit_without_a_turn_in_time_never_runs(
        self, impatient: ApplicationContainer, of_unit: float | None
    ) -> None:
        """Its error is a lock timeout, as if it had waited for the file's lock."""
        slow, ran, begun = Slow(), list[Session](), time.monotonic()
        task = await slow.start(impatient)
        with pytest.raises(LineTimeoutError) as caught:
            await run(impatient, ran.append, TransactionOptions(lock_timeout=of_unit))
        slow.may_end.set()
        await task
        await run(impatient, lambda _: None)
        assert Failure.LOCK_TIMEOUT is failure_of(caught.value)
        assert ([], True) == (ran, time.monotonic() - begun < 5)

    async def test_unit_without_a_turn_in_time_is_run_again(self, container: ApplicationContainer) -> None:
        """Another run has another turn, as after any lock timeout."""
        slow = Slow()
        task = await slow.start(container)
        asyncio.get_running_loop().call_later(0.5, slow.may_end.set)
        await run(container, lambda _: None, TransactionOptions(lock_timeout=0.2))
        await task
        assert container.database.retry_policy().counts.retried[Failure.LOCK_TIMEOUT] > 0

    async def test_time_in_the_line_counts_against_the_lock_timeout(self, container: ApplicationContainer) -> None:
        """A unit that has waited for its turn waits for the file's lock only for the rest of its time."""
        container.database.retry_policy().attempts = 1
        usual = await run(container, lock_timeout)
        with closing(sqlite3.connect(file_of(container), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            begun = time.monotonic()
            results = await asyncio.gather(
                run(container, thread_name, TransactionOptions(lock_timeout=1)),
                run(container, thread_name, TransactionOptions(lock_timeout=1.5)),
                return_exceptions=True,
            )
            waited = time.monotonic() - begun
        assert [Failure.LOCK_TIMEOUT] * 2 == [failure_of(each) for each in results if isinstance(each, DBAPIError)]
        assert 1.3 < waited < 2.3
        assert usual == await run(container, lock_timeout)

    async def test_inner_unit_joins_an_outer_unit_that_has_waited(self, container: ApplicationContainer) -> None:
        """Inner options are held against those that the outer unit asked for, not against what remains of its time."""
        slow, options = Slow(), TransactionOptions(lock_timeout=1)

        def outer(session: Session) -> Any:
            session.execute(delete(User))
            remaining = lock_timeout(session)
            await_only(container.database.async_transactions().run_sync(add_plainly, options))
            return remaining

        task = await slow.start(container)
        asyncio.get_running_loop().call_later(0.3, slow.may_end.set)
        async with scope():
            remaining = await container.database.async_transactions().run_sync(outer, options)
        await task
        assert 0 < remaining < 900
        assert 1 == await count_users(container)

    async def test_response_to_a_request_without_a_turn_in_time_asks_to_come_back(
        self, impatient: ApplicationContainer
    ) -> None:
        """The response is a 503 with Retry-After, like that for a row that stays locked."""
        slow = Slow()
        task = await slow.start(impatient)
        transport = httpx2.ASGITransport(create_app(impatient))
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            response = await client.post("/users/", json={"email": "bob@example.com", "username": "bob"})
        slow.may_end.set()
        await task
        assert (503, True) == (response.status_code, "retry-after" in response.headers)
