"""What scopes do with real sessions."""

import asyncio

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session

from sessionscope import ScopeError, TeardownError, scope
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import User


@pytest.mark.isolation("database")
class TestTeardown:
    def test_nothing_is_committed(self, container: ApplicationContainer) -> None:
        """A session without a commit leaves no row."""
        with scope():
            session = container.database.session()
            session.add(User(email="a@example.com", username="a"))
            session.flush()
        with scope():
            assert container.database.session().scalar(select(func.count()).select_from(User)) == 0

    async def test_an_unused_async_session_is_closed_anywhere(self, container: ApplicationContainer) -> None:
        """A session without a connection has nothing to wait for, so a sync scope closes it."""
        with scope():
            session = container.database.async_session()
        with pytest.raises(InvalidRequestError, match="closed"):
            session.add(User(email="a@example.com", username="a"))

    async def test_a_used_async_session_needs_an_async_scope(self, container: ApplicationContainer) -> None:
        """`with` can't close an object asynchronously, and the error says so."""
        with pytest.raises(TeardownError) as caught, scope():
            await container.database.async_session().execute(select(1))
        engine = container.database.async_engine()
        assert "async with scope()" in str(caught.value.exceptions[0])
        await asyncio.sleep(0.05)
        assert engine.sync_engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@pytest.mark.isolation("database")
class TestRelease:
    async def test_connections_are_given_back(self, container: ApplicationContainer) -> None:
        """After `await release()`, no session of the scope holds a connection, and each can still be used."""
        engines = (container.database.engine(), container.database.async_engine().sync_engine)
        async with scope() as current:
            await container.database.async_session().execute(select(1))
            await asyncio.to_thread(container.database.session().execute, select(1))
            await current.release()
            assert [0, 0] == [engine.pool.checkedout() for engine in engines]  # type: ignore[attr-defined]
            assert await container.database.async_session().scalar(select(1)) == 1

    def test_without_a_loop_it_is_done_at_once(self, container: ApplicationContainer) -> None:
        """In a sync scope nothing has to be awaited."""
        with scope() as current:
            container.database.session().execute(select(1))
            current.release()
            assert container.database.engine().pool.checkedout() == 0  # type: ignore[attr-defined]
            assert container.database.session().scalar(select(1)) == 1

    async def test_thread_releases_async_sessions(self, container: ApplicationContainer) -> None:
        """A plain function in the thread pool gives back what the request's coroutines hold."""
        async with scope() as current:
            await container.database.async_session().execute(select(1))
            await asyncio.to_thread(current.release)
            assert container.database.async_engine().sync_engine.pool.checkedout() == 0  # type: ignore[attr-defined]

    async def test_changes_are_not_lost(self, container: ApplicationContainer) -> None:
        """A session with changes that were not committed refuses, and keeps them."""
        async with scope() as current:
            session = container.database.async_session()
            user = User(email="a@example.com", username="a")
            session.add(user)
            with pytest.raises(ScopeError, match="commit or roll back"):
                await current.release()
            assert user in session.new


class TestOverrides:
    async def test_a_real_session_can_be_given(self, container: ApplicationContainer) -> None:
        """A test's own session reaches the services."""
        mine = Session(container.database.engine())
        with container.database.session.override(mine), scope():
            assert container.database.session() is mine
        mine.close()
