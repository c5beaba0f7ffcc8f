"""Many writers at once: all succeed, and no update is lost.

They lock what they read: a row on a server, the whole database on SQLite, whose transactions that write begin so.
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from anyio import to_thread
from sqlalchemy import func, select

from sessionscope import scope
from sessionscope.transactions.blocks import async_transaction, transaction
from tests.sessionscope.service.containers import DatabaseContainer
from tests.sessionscope.service.models import Account, User

pytestmark = pytest.mark.every_database

WRITERS = 20
TRANSACTIONS = 20


def open_account(database: DatabaseContainer) -> int:
    """Store an account that holds nothing; return its id."""
    with database.session_factory()() as session:
        session.add(User(id=1, email="ann@example.com", username="ann"))
        session.flush()
        session.add(Account(id=1, owner_id=1, balance=0))
        session.commit()
    return 1


def deposit(database: DatabaseContainer) -> None:
    """Read the balance, then write it, in one transaction."""
    with scope(), transaction(database.session()) as session:
        account = session.get_one(Account, 1, with_for_update=True)
        account.balance += 1


async def async_deposit(database: DatabaseContainer) -> None:
    """As `deposit`, asynchronously."""
    async with scope(), async_transaction(database.async_session()) as session:
        account = await session.get_one(Account, 1, with_for_update=True)
        await asyncio.sleep(0)
        account.balance += 1


def balance(database: DatabaseContainer) -> int:
    """Return what the account holds."""
    with database.session_factory()() as session:
        return int(session.scalar(select(func.sum(Account.balance))) or 0)


class TestReadThenWrite:
    def test_threads_do_not_fail(self, database: DatabaseContainer) -> None:
        """Two that read before they write would meet SQLITE_BUSY_SNAPSHOT, had they not taken the lock first."""
        open_account(database)
        barrier = threading.Barrier(2)

        def work() -> None:
            for _ in range(25):
                barrier.wait()
                deposit(database)

        with ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(work) for _ in range(2)]:
                future.result()
        assert 50 == balance(database)

    async def test_tasks_do_not_fail(self, database: DatabaseContainer) -> None:
        """The same for tasks of one loop."""
        await to_thread.run_sync(open_account, database)
        await asyncio.gather(*(async_deposit(database) for _ in range(50)))
        assert 50 == balance(database)


class TestCrowd:
    async def test_800_transactions_of_threads_and_tasks(self, memory: DatabaseContainer) -> None:
        """Twenty threads and twenty tasks write to one private database, and not one of them fails."""
        await to_thread.run_sync(open_account, memory)

        def thread() -> None:
            for _ in range(TRANSACTIONS):
                deposit(memory)

        async def task() -> None:
            for _ in range(TRANSACTIONS):
                await async_deposit(memory)

        with ThreadPoolExecutor(WRITERS) as pool:
            threads = [asyncio.wrap_future(pool.submit(thread)) for _ in range(WRITERS)]
            await asyncio.gather(*threads, *(task() for _ in range(WRITERS)))
        assert 2 * WRITERS * TRANSACTIONS == balance(memory)
