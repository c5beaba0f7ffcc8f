"""Units of work: committed or undone as a whole, run again as a whole, on every database."""

import asyncio
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from anyio import CancelScope
from sqlalchemy import delete, event, func, select, text, update
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.util import await_only

from sessionscope import scope
from sessionscope.database.errors import CommitOutcomeUnknownError, Failure, NestedOptionsError, failure_of
from sessionscope.testing.failing import lost_commit
from sessionscope.transactions.options import TransactionOptions
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import Account, User

pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]

HIGHEST_USER = select(func.max(User.id))
READ_ONLY = TransactionOptions(read_only=True)


def make_user(name: str) -> User:
    """Return a new user called *name*."""
    return User(email=f"{name}@example.com", username=name)


async def add_user(session: AsyncSession) -> User:
    """Add a user, as a unit of work."""
    user = make_user("ann")
    session.add(user)
    await session.flush()
    return user


async def count_users(container: ApplicationContainer) -> int:
    """Return how many users another connection sees."""
    async with container.database.async_session_factory()() as session:
        return await session.scalar(select(func.count()).select_from(User)) or 0


async def make_account(container: ApplicationContainer) -> int:
    """Commit an account that holds 100; return its id."""
    async with container.database.async_session_factory()() as session, session.begin():
        user = await add_user(session)
        account = Account(owner_id=user.id, balance=Decimal(100))
        session.add(account)
        await session.flush()
        return account.id


class TestOutcome:
    async def test_unit_is_committed_on_return(self, container: ApplicationContainer) -> None:
        """Others see what a unit of work did, and its result is returned."""
        async with scope():
            user = await container.database.async_transactions().run(add_user)
        assert ("ann", 1) == (user.username, await count_users(container))
        assert 1 == container.database.retry_policy().counts.committed

    async def test_unit_is_rolled_back_on_any_exception(self, container: ApplicationContainer) -> None:
        """An error that is not the database's is raised at once, and nothing stays."""

        async def work(session: AsyncSession) -> None:
            await add_user(session)
            raise KeyError("later")

        async with scope():
            with pytest.raises(KeyError):
                await container.database.async_transactions().run(work)
        assert 0 == await count_users(container)

    @pytest.mark.parametrize("cancel", ["asyncio", "anyio"])
    async def test_unit_is_rolled_back_on_cancellation(self, container: ApplicationContainer, cancel: str) -> None:
        """A unit of work that is cancelled leaves no transaction on its connection, which stays usable."""
        begun, lost = asyncio.Event(), list[object]()
        event.listen(container.database.async_engine().sync_engine, "invalidate", lambda *what: lost.append(what))
        cancelling = CancelScope()

        async def work(session: AsyncSession) -> None:
            await add_user(session)
            begun.set()
            await asyncio.sleep(60)

        async def run() -> None:
            with cancelling:
                await container.database.async_transactions().run(work)

        async with scope():
            task = asyncio.ensure_future(run())
            await begun.wait()
            cancelling.cancel() if cancel == "anyio" else task.cancel()
            await asyncio.wait([task])
            assert not container.database.async_session().in_transaction()
        assert ([], 0) == (lost, await count_users(container))

    def test_the_sync_twin_does_the_same(self, container: ApplicationContainer) -> None:
        """Sync code has units of work too."""

        def work(session: Session) -> str:
            session.add(make_user("bob"))
            return "done"

        with scope():
            assert "done" == container.database.transactions().run(work)
        with container.database.session_factory()() as session:
            assert ["bob"] == list(session.scalars(select(User.username)))


def add_plainly(session: Session) -> User:
    """Add a user, as a unit of work that is a plain function."""
    user = make_user("ann")
    session.add(user)
    session.flush()
    return user


class TestPlainFunctions:
    async def test_plain_function_is_committed_on_return(self, container: ApplicationContainer) -> None:
        """As with an async function, on the same session."""
        async with scope():
            user = await container.database.async_transactions().run_sync(add_plainly)
            assert user in container.database.async_session()
        assert ("ann", 1) == (user.username, await count_users(container))
        assert 1 == container.database.retry_policy().counts.committed

    async def test_plain_function_is_rolled_back_and_run_again(self, container: ApplicationContainer) -> None:
        """A run that collides leaves nothing for the next run."""
        runs: list[int] = []

        def work(session: Session) -> None:
            runs.append(session.scalar(select(func.count()).select_from(User)) or 0)
            add_plainly(session)
            if len(runs) < 3:
                raise busy()

        async with scope():
            await container.database.async_transactions().run_sync(work)
        assert ([0, 0, 0], 1) == (runs, await count_users(container))

    # On SQLite, a plain function runs in the writer's thread.
    @pytest.mark.every_database(but=["sqlite"])
    @pytest.mark.parametrize("cancel", ["asyncio", "anyio"])
    async def test_plain_function_is_rolled_back_on_cancellation(
        self, container: ApplicationContainer, cancel: str
    ) -> None:
        """The rollback is waited for, also where each await of a cancelled scope is cancelled again."""
        begun, lost = asyncio.Event(), list[object]()
        event.listen(container.database.async_engine().sync_engine, "invalidate", lambda *what: lost.append(what))

        def work(session: Session) -> None:
            add_plainly(session)
            begun.set()
            await_only(asyncio.sleep(60))

        async def run() -> None:
            with CancelScope() as cancelling:
                cancels.append(cancelling.cancel)
                await container.database.async_transactions().run_sync(work)

        cancels: list[Callable[[], object]] = []
        async with scope():
            task = asyncio.ensure_future(run())
            await begun.wait()
            cancels[0]() if cancel == "anyio" else task.cancel()
            await asyncio.wait([task])
            assert not container.database.async_session().in_transaction()
        assert ([], 0) == (lost, await count_users(container))

    async def test_inner_plain_function_joins_the_outer_unit(self, container: ApplicationContainer) -> None:
        """The inner unit joins, whichever of the two is async."""

        async def outer(_: AsyncSession) -> None:
            await container.database.async_transactions().run_sync(add_plainly)
            raise KeyError("later")

        def plain_outer(_: Session) -> None:
            await_only(container.database.async_transactions().run(add_user))
            raise KeyError("later")

        async with scope():
            with pytest.raises(KeyError):
                await container.database.async_transactions().run(outer)
            with pytest.raises(KeyError):
                await container.database.async_transactions().run_sync(plain_outer)
        assert 0 == await count_users(container)


class TestNesting:
    async def test_inner_unit_joins_the_outer_unit(self, container: ApplicationContainer) -> None:
        """Both are undone when the outer one fails after the inner one has returned."""

        async def outer(_: AsyncSession) -> None:
            await container.database.async_transactions().run(add_user)
            raise KeyError("later")

        async with scope():
            with pytest.raises(KeyError):
                await container.database.async_transactions().run(outer)
        assert 0 == await count_users(container)

    async def test_conflict_of_the_inner_unit_runs_the_outer_unit_again(self, container: ApplicationContainer) -> None:
        """A conflict in the inner unit re-runs all of the outer one, not the inner one alone."""
        runs: list[str] = []

        async def inner(session: AsyncSession) -> None:
            runs.append("inner")
            await add_user(session)
            if len(runs) < 3:
                raise busy()

        async def outer(_: AsyncSession) -> None:
            runs.append("outer")
            await container.database.async_transactions().run(inner)

        async with scope():
            await container.database.async_transactions().run(outer)
        assert ["outer", "inner", "outer", "inner"] == runs
        assert 1 == await count_users(container)

    @pytest.mark.parametrize(
        ("outer", "inner"),
        [
            (TransactionOptions(), TransactionOptions(isolation_level="SERIALIZABLE")),
            (TransactionOptions(), TransactionOptions(lock_timeout=1)),
            (READ_ONLY, TransactionOptions()),
        ],
        ids=["isolation", "timeout", "writes"],
    )
    async def test_other_options_of_an_inner_unit_are_refused(
        self, container: ApplicationContainer, outer: TransactionOptions, inner: TransactionOptions
    ) -> None:
        """An inner unit can't have options that the outer transaction lacks."""

        async def nested(_: AsyncSession) -> None:
            await container.database.async_transactions().run(add_user, inner)

        async with scope():
            with pytest.raises(NestedOptionsError, match="set it for the outer one"):
                await container.database.async_transactions().run(nested, outer)
        assert 0 == await count_users(container)

    async def test_a_transaction_of_nobody_is_refused(self, container: ApplicationContainer) -> None:
        """A session that was read from has begun by itself: its snapshot may be an old one."""
        async with scope():
            await container.database.async_session().execute(select(1))
            with pytest.raises(InvalidRequestError, match="already"):
                await container.database.async_transactions().run(add_user)


def busy() -> DBAPIError:
    """Return the error that SQLite raises for a lock not had in time; transient wherever it comes from."""

    class BusyError(Exception):
        sqlite_errorname = "SQLITE_BUSY"

    return DBAPIError("UPDATE", {}, BusyError())


class TestRunningAgain:
    async def test_all_of_it_is(self, container: ApplicationContainer, caplog: pytest.LogCaptureFixture) -> None:
        """Another run begins with a fresh transaction and a session that knows nothing of the first one."""
        loaded: list[int] = []

        async def work(session: AsyncSession) -> None:
            loaded.append(len(session.identity_map))
            await add_user(session)
            if len(loaded) < 3:
                raise busy()

        with caplog.at_level(logging.WARNING):
            async with scope():
                await container.database.async_transactions().run(work)
        counts = container.database.retry_policy().counts
        assert ([0, 0, 0], 1) == (loaded, await count_users(container))
        assert (1, {Failure.LOCK_TIMEOUT: 2}, {}) == (counts.committed, counts.retried, counts.given_up)
        assert 2 == sum("run" in message and "work" in message for message in caplog.messages)

    def test_sync_units_are_counted_and_run_again(self, container: ApplicationContainer) -> None:
        """The sync twin counts and repeats alike."""
        runs: list[int] = []

        def work(session: Session) -> None:
            runs.append(1)
            session.add(make_user("ann"))
            if len(runs) < 2:
                raise busy()

        with scope():
            container.database.transactions().run(work)
        assert {Failure.LOCK_TIMEOUT: 1} == container.database.retry_policy().counts.retried

    async def test_attempts_are_limited(self, container: ApplicationContainer) -> None:
        """A failure that persists is raised unchanged, after the number of attempts in the settings."""
        runs: list[int] = []

        async def work(_: AsyncSession) -> None:
            runs.append(1)
            raise busy()

        async with scope():
            with pytest.raises(DBAPIError):
                await container.database.async_transactions().run(work)
        policy = container.database.retry_policy()
        assert policy.attempts == len(runs)
        assert {Failure.LOCK_TIMEOUT: 1} == policy.counts.given_up

    async def test_two_that_collide_both_succeed(self, container: ApplicationContainer) -> None:
        """Reading and then writing the same row at the same time, serializably: both are done, one after the other."""
        account_id = await make_account(container)
        both_have_read = asyncio.Barrier(2)
        runs: list[int] = []

        async def add_one(session: AsyncSession) -> None:
            account = await session.get_one(Account, account_id)
            runs.append(1)
            if len(runs) <= 2 and session.get_bind().dialect.name != "sqlite":
                await both_have_read.wait()
            account.balance += 1

        async def unit() -> None:
            async with scope():
                await container.database.async_transactions().run(
                    add_one, TransactionOptions(isolation_level="SERIALIZABLE")
                )

        async with asyncio.timeout(20):
            await asyncio.gather(unit(), unit())
        async with container.database.async_session_factory()() as session:
            assert Decimal(102) == await session.scalar(select(Account.balance))


class TestTransactionOptions:
    async def test_a_read_only_unit_can_not_write(self, container: ApplicationContainer) -> None:
        """The database refuses the write, and the next unit on the connection can write again."""
        async with scope():
            with pytest.raises(DBAPIError) as caught:
                await container.database.async_transactions().run(add_user, READ_ONLY)
            assert Failure.READ_ONLY is failure_of(caught.value)
            await container.database.async_transactions().run(add_user)
        assert 1 == await count_users(container)

    async def test_lock_timeout_applies_to_one_unit(self, container: ApplicationContainer) -> None:
        """A unit that waits a second fails for a row that is locked; the connection's usual time is back after it."""
        account_id = await make_account(container)
        take = update(Account).where(Account.id == account_id).values(balance=0)

        async def wait(session: AsyncSession) -> None:
            await session.execute(take)

        policy = container.database.retry_policy()
        policy.attempts = 1
        async with scope():
            usual = await container.database.async_transactions().run(_lock_timeout)
        async with container.database.async_session_factory()() as other, other.begin():
            await other.execute(take)
            async with asyncio.timeout(8), scope():
                with pytest.raises(DBAPIError) as caught:
                    await container.database.async_transactions().run(wait, TransactionOptions(lock_timeout=0.5))
        assert Failure.LOCK_TIMEOUT is failure_of(caught.value)
        async with scope():
            failed = await container.database.async_transactions().run(_lock_timeout)
            during = await container.database.async_transactions().run(
                _lock_timeout, TransactionOptions(lock_timeout=2)
            )
            after = await container.database.async_transactions().run(_lock_timeout)
        assert usual == failed == after != during

    # SQLite has no such limit.
    @pytest.mark.every_database(but=["sqlite"])
    async def test_statement_timeout_applies_to_one_unit(self, container: ApplicationContainer) -> None:
        """The server ends a statement that runs too long."""
        name = container.database.async_engine().dialect.name
        sleep = "SELECT pg_sleep(10)" if name == "postgresql" else "SELECT sleep(10) FROM information_schema.tables"

        async def slow(session: AsyncSession) -> None:
            await session.execute(text(sleep))

        async with asyncio.timeout(8), scope():
            with pytest.raises(DBAPIError) as caught:
                await container.database.async_transactions().run(slow, TransactionOptions(statement_timeout=0.3))
        assert Failure.STATEMENT_TIMEOUT is failure_of(caught.value)

    # SQLite has one level only.
    @pytest.mark.every_database(but=["sqlite"])
    async def test_isolation_level_applies_to_one_unit(self, container: ApplicationContainer) -> None:
        """The next transaction of the connection has the usual one again."""

        async def sees_others(session: AsyncSession) -> bool:
            before = await session.scalar(HIGHEST_USER)
            await make_account(container)
            return before != await session.scalar(HIGHEST_USER)

        async with scope():
            run = container.database.async_transactions().run
            usual = await run(sees_others)
            await delete_all(container)
            during = await run(sees_others, TransactionOptions(isolation_level="READ COMMITTED"))
            await delete_all(container)
            repeatable = await run(sees_others, TransactionOptions(isolation_level="REPEATABLE READ"))
            await delete_all(container)
            after = await run(sees_others)
        assert (True, False) == (during, repeatable)
        assert usual == after


async def delete_all(container: ApplicationContainer) -> None:
    """Commit that there is nothing."""
    async with container.database.async_session_factory()() as session, session.begin():
        for table in (Account, User):
            await session.execute(delete(table))


async def _lock_timeout(session: AsyncSession) -> Any:
    queries = {"sqlite": "PRAGMA busy_timeout", "postgresql": "SHOW lock_timeout"}
    name = session.get_bind().dialect.name
    return await session.scalar(text(queries.get(name, "SELECT @@innodb_lock_wait_timeout")))


class TestLostCommit:
    async def test_unit_with_a_lost_commit_is_not_run_again(self, container: ApplicationContainer) -> None:
        """A unit that may have been committed doesn't run twice, and the error says that the outcome is unknown."""
        with lost_commit(container.database.async_engine()):
            async with scope():
                with pytest.raises(CommitOutcomeUnknownError, match="not known"):
                    await container.database.async_transactions().run(add_user)
        assert 1 == await count_users(container)

    async def test_an_idempotent_unit_is(self, container: ApplicationContainer) -> None:
        """A unit that finds out whether it was done before may be run again."""

        async def add_once(session: AsyncSession) -> int:
            if await session.scalar(select(User.id)) is None:
                await add_user(session)
            return 1

        with lost_commit(container.database.async_engine()):
            async with scope():
                assert 1 == await container.database.async_transactions().run(add_once, idempotent=True)
        assert 1 == await count_users(container)
        assert {Failure.COMMIT_UNKNOWN: 1} == container.database.retry_policy().counts.retried
