"""Real engines and sessions when a provider is overridden or a container is closed."""

from typing import Any

import pytest
from dependency_injector import providers
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy.orm import sessionmaker

from sessionscope import LateOverrideError, close_container, scope
from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.settings import DatabaseSettings
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.schemas import UserQuery
from tests.sessionscope.service.settings import Settings

MEMORY = DatabaseSettings(url="sqlite:///:memory:")


class TestLateOverrides:
    def test_a_session_of_the_open_scope_counts(self, container: ApplicationContainer) -> None:
        """In a scope that has a session already, another factory would come too late."""
        with scope():
            container.database.session()
            with pytest.raises(LateOverrideError, match=r"database\.session was"):
                container.database.session_factory.override(sessionmaker())


@pytest.mark.isolation("none")
class TestEveryProvider:
    """Overriding any provider of the database takes effect, is closed, and leaves nothing behind."""

    def settings_to(self, url: str) -> Settings:
        """Return settings with another database."""
        return Settings(database=DatabaseSettings(url=url))

    async def test_settings(self, container: ApplicationContainer, tmp_path: Any) -> None:
        """The engine is built from the settings of the override, and disposed with it."""
        await close_container(container)
        url = f"sqlite:///{tmp_path}/other.db"
        with container.settings.override(self.settings_to(url)):
            engine = container.database.engine()
            with scope():
                container.database.session().execute(select(1))
            assert engine.url.database == f"{tmp_path}/other.db"
        assert container.database.engine() is not engine
        assert "Connections in pool: 0 " in engine.pool.status()

    async def test_engine(self, container: ApplicationContainer) -> None:
        """Sessions use the engine of the override, which is disposed with it."""
        await close_container(container)
        with container.database.engine.override(providers.Factory(build_engine, MEMORY)), scope():
            engine = container.database.engine()
            assert container.database.session().get_bind() is engine
            container.database.session().execute(select(1))
        assert "Connections in pool: 0 " in engine.pool.status()

    async def test_async_engine(self, container: ApplicationContainer) -> None:
        """The same for the async engine, whose disposal is awaited by the running loop."""
        await close_container(container)
        with container.database.async_engine.override(providers.Factory(build_async_engine, MEMORY)):
            engine = container.database.async_engine()
            async with scope():
                session = container.database.async_session()
                assert session.bind is engine
                await session.execute(select(1))
        await close_container(container)

    async def test_session_factory(self, container: ApplicationContainer) -> None:
        """Sessions come from the factory of the override."""
        await close_container(container)
        engine = create_engine("sqlite://")
        with container.database.session_factory.override(sessionmaker(engine)), scope():
            assert container.database.session().get_bind() is engine
        engine.dispose()

    async def test_async_session_factory(self, container: ApplicationContainer) -> None:
        """Async sessions come from the factory of the override."""
        await close_container(container)
        engine = build_async_engine(MEMORY)
        with container.database.async_session_factory.override(async_sessionmaker(engine)):
            async with scope():
                assert container.database.async_session().bind is engine
        await engine.dispose()

    @pytest.mark.isolation("transaction")
    async def test_service(self, container: ApplicationContainer) -> None:
        """A service is swapped for another object, and is back afterwards."""

        class FakeUsers:
            async def page(self, query: UserQuery) -> str:
                return f"faked {query.limit}"

        with container.users.override(FakeUsers()):
            users: Any = container.users()
            assert await users.page(UserQuery(limit=1)) == "faked 1"
        async with scope():
            assert (await container.users().page(UserQuery())).total == 0


@pytest.mark.isolation("none")
class TestCloseContainer:
    async def test_close_container_disposes_every_engine(self, container: ApplicationContainer) -> None:
        """No connection is left in any pool."""
        engines: list[Engine] = [container.database.engine(), container.database.async_engine().sync_engine]
        async with scope():
            await container.database.async_session().execute(select(1))
        await close_container(container)
        assert all("Connections in pool: 0 " in engine.pool.status() for engine in engines)

    async def test_a_container_works_again_afterwards(self, container: ApplicationContainer) -> None:
        """After a close, the next use builds a new object."""
        await close_container(container)
        with scope():
            assert container.database.session().scalar(select(1)) == 1
