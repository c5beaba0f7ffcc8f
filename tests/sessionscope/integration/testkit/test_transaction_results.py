"""Results of async sessions and connections in transaction mode, which use the sync driver."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from sessionscope.testing.queries import QueryLog
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import User


async def add_users(session: AsyncSession, count: int) -> None:
    """Add some users."""
    session.add_all([User(email=f"{number}@example.com", username=f"user{number}") for number in range(count)])
    await session.commit()


@pytest.mark.every_database
@pytest.mark.isolation("transaction")
class TestResults:
    async def test_rows_can_be_fetched_in_every_way(self, async_session: AsyncSession) -> None:
        """Whole, one by one, by the column, and many statements at once."""
        await add_users(async_session, 3)
        assert 1 == (await async_session.execute(select(1))).scalar()
        names = select(User.username).order_by(User.id)
        result = await async_session.execute(names)
        assert (("user0",), [("user1",)], [("user2",)]) == (result.fetchone(), result.fetchmany(1), result.all())
        await async_session.execute(
            text("UPDATE users SET username = :name WHERE username = :old"),
            [{"name": "ann", "old": "user0"}, {"name": "bob", "old": "user1"}],
        )
        assert ["ann", "bob", "user2"] == list(await async_session.scalars(names))

    async def test_rows_can_be_streamed(self, async_session: AsyncSession) -> None:
        """Some of them, or all."""
        await add_users(async_session, 5)
        names = select(User.username).order_by(User.id)
        assert "user0" == await (await async_session.stream_scalars(names)).first()
        streamed = await async_session.stream_scalars(names.execution_options(yield_per=2))
        assert [f"user{number}" for number in range(5)] == [name async for name in streamed]

    async def test_connection_of_the_engine_is_in_the_same_transaction(
        self, container: ApplicationContainer, async_session: AsyncSession
    ) -> None:
        """Its statements see what a session has not committed."""
        async_session.add(User(email="ann@example.com", username="ann"))
        await async_session.flush()
        async with container.database.async_engine().connect() as connection:
            assert 1 == (await connection.execute(select(func.count()).select_from(User))).scalar()


class TestOnSQLite:
    async def test_no_thread_is_started(
        self, async_session: AsyncSession, query_log: Callable[[], AbstractContextManager[QueryLog]]
    ) -> None:
        """A hand-over to the driver's thread takes longer than a small statement."""
        before = set(threading.enumerate())
        with query_log() as log:
            await add_users(async_session, 1)
        assert log.statements
        assert before == set(threading.enumerate())
