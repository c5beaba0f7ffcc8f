"""An override of a provider affects everything above it, although reads take a shortcut on SQLite."""

import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack
from typing import Any, Final

import httpx2
import pytest
from dependency_injector import providers
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from sessionscope import Shared, close_container, scope
from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.database.factories import AsyncSessionFactory
from sessionscope.database.session import AsyncReadSession, AsyncWriteSession, ReadSession
from tests.sessionscope.integration.lifetimes.places import (
    ASYNC,
    READS,
    SYNC,
    WRITES,
    Places,
    reached_in_process,
    reached_over_http,
)
from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import User

pytestmark = pytest.mark.isolation("none")

NOTHING: Final = frozenset[str]()
SYNC_READS: Final = frozenset({"sync read", "sync visit", "reports"})
# For each provider: the ways that lead to the other database once the other container's provider takes its place.
DATABASE: Final[dict[str, frozenset[str]]] = {
    "settings": ASYNC | SYNC,
    "location": ASYNC | SYNC,
    "engine": SYNC,
    "session_factory": frozenset({"sync write"}),
    "session": frozenset({"sync write"}),
    "transactions": frozenset({"sync write"}),
    "read_session_factory": SYNC_READS,
    "read_session": SYNC_READS,
    "async_engine": ASYNC,
    "async_session_factory": WRITES,
    "async_session": WRITES,
    "async_transactions": WRITES,
    "async_read_session_factory": READS,
    "async_read_session": READS,
    "async_reads": READS,
    "reads": frozenset({"sync visit"}),
    # These lead nowhere by themselves.
    "writes": NOTHING,
    "retry_policy": NOTHING,
}
APPLICATION: Final[dict[str, frozenset[str]]] = {
    "settings": ASYNC | SYNC,
    "database": ASYNC | SYNC,
    "passwords": NOTHING,
    "users": frozenset({"users", "users write"}),
    "posts": frozenset({"posts", "posts write"}),
    "reports": frozenset({"reports"}),
}
WAYS: Final = APPLICATION | {f"database.{name}": ways for name, ways in DATABASE.items()}


@pytest.fixture(name="undo")
def _undo(places: Places) -> Generator[ExitStack, None, None]:  # noqa: ARG001 - closed after the overrides end
    """Give a stack that ends the overrides."""
    with ExitStack() as undo:
        yield undo


@pytest.fixture(name="client")
async def _client(places: Places) -> AsyncGenerator[httpx2.AsyncClient, None]:
    """Give a client of the application over the own container."""
    transport = httpx2.ASGITransport(create_app(places.own))
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


def provider_of(container: Any, name: str) -> Any:
    """Return the provider with a dotted name."""
    for part in name.split("."):
        container = getattr(container, part)
    return container


def replacement(name: str, places: Places) -> Any:
    """Return an override for a provider that leads to the other database."""
    return provider_of(places.other, name)


def expected(name: str, ways: Any) -> dict[str, str]:
    """Return the database to which each way should lead."""
    return {way: "other" if way in WAYS[name] else "own" for way in ways}


class TestEveryProvider:
    async def test_every_provider_is_listed(self, places: Places) -> None:
        """A new provider needs a line above."""
        assert set(DATABASE) == set(places.own.database.providers)
        assert set(APPLICATION) == set(places.own.providers)

    async def test_without_an_override_all_ways_lead_to_the_own_database(self, places: Places) -> None:
        """The rows tell the databases apart."""
        assert {"own"} == set((await reached_in_process(places.own, places)).values())
        assert {"other"} == set((await reached_in_process(places.other, places)).values())

    @pytest.mark.parametrize("name", WAYS)
    async def test_in_process(self, places: Places, undo: ExitStack, name: str) -> None:
        """Everything above the provider uses the other database, and nothing else does."""
        undo.enter_context(provider_of(places.own, name).override(replacement(name, places)))
        reached = await reached_in_process(places.own, places)
        assert expected(name, reached) == reached

    @pytest.mark.parametrize("name", WAYS)
    async def test_over_http(self, places: Places, client: httpx2.AsyncClient, undo: ExitStack, name: str) -> None:
        """The same holds for endpoints."""
        undo.enter_context(provider_of(places.own, name).override(replacement(name, places)))
        reached = await reached_over_http(client, places)
        assert expected(name, reached) == reached

    @pytest.mark.parametrize("name", ["async_engine", "async_read_session_factory", "async_read_session"])
    async def test_after_a_read_it_is_honoured_by_the_next_scope(
        self, places: Places, undo: ExitStack, name: str
    ) -> None:
        """If the override is not refused as too late, later reads use it."""
        await reached_in_process(places.own, places)
        provider = provider_of(places.own.database, name)
        if name != "async_read_session":
            await close_container(places.own)
        undo.enter_context(provider.override(replacement(f"database.{name}", places)))
        reached = await reached_in_process(places.own, places)
        assert expected(f"database.{name}", reached) == reached


class TestPlainFactories:
    """An override may be SQLAlchemy's own, which knows nothing of the short cut."""

    async def test_of_async_read_sessions(self, places: Places, undo: ExitStack) -> None:
        """Reads use the engine of the factory."""
        engine = build_async_engine(places.settings("other"))
        undo.enter_context(
            places.own.database.async_read_session_factory.override(async_sessionmaker(engine, class_=AsyncReadSession))
        )
        reached = await reached_in_process(places.own, places)
        await engine.dispose()
        assert expected("database.async_read_session_factory", reached) == reached

    async def test_of_an_async_read_session(self, places: Places, undo: ExitStack) -> None:
        """Reads use the database of the session that the test has made."""
        engine = build_async_engine(places.settings("other"))
        session = AsyncReadSession(engine)
        undo.enter_context(places.own.database.async_read_session.override(session))
        reached = await reached_in_process(places.own, places)
        await session.close()
        await engine.dispose()
        assert expected("database.async_read_session", reached) == reached

    async def test_of_sync_read_sessions(self, places: Places, undo: ExitStack) -> None:
        """Async reads are not affected."""
        engine = build_engine(places.settings("other"))
        undo.enter_context(places.own.database.read_session_factory.override(sessionmaker(engine, class_=ReadSession)))
        reached = await reached_in_process(places.own, places)
        engine.dispose()
        assert expected("database.read_session_factory", reached) == reached


async def writing_thread(container: ApplicationContainer) -> str:
    """Return the name of the thread in which a plain unit of work runs."""

    def work(session: Session) -> str:
        session.connection().exec_driver_sql("SELECT 1")
        return threading.current_thread().name

    async with scope():
        return await container.database.async_transactions().run_sync(work)


class TestWriter:
    """A plain unit of work runs in the writer's thread if both engines lead to one database, else in the event loop."""

    @pytest.mark.parametrize("name", ["settings", "location"])
    async def test_units_run_in_the_thread_if_both_engines_follow_the_override(
        self, places: Places, undo: ExitStack, name: str
    ) -> None:
        """They do without an override too."""
        assert (await writing_thread(places.other)).startswith("writing")
        undo.enter_context(provider_of(places.own.database, name).override(provider_of(places.other.database, name)))
        assert (await writing_thread(places.own)).startswith("writing")

    @pytest.mark.parametrize("name", ["engine", "async_engine"])
    async def test_units_run_in_the_event_loop_if_one_engine_is_overridden(
        self, places: Places, undo: ExitStack, name: str
    ) -> None:
        """The other engine leads to another database."""
        undo.enter_context(provider_of(places.own.database, name).override(provider_of(places.other.database, name)))
        assert not (await writing_thread(places.own)).startswith("writing")

    async def test_derived_engine_is_used_itself_for_writes(self, places: Places, undo: ExitStack) -> None:
        """Its options are part of the override."""
        derived = places.own.database.async_engine().execution_options(logging_token="derived")
        undo.enter_context(places.own.database.async_engine.override(providers.Object(derived)))
        assert not (await writing_thread(places.own)).startswith("writing")
        await derived.dispose()

    async def test_plain_factory_of_async_sessions_is_followed(self, places: Places, undo: ExitStack) -> None:
        """Units on a session of SQLAlchemy's own factory use its engine, in the event loop."""
        factory = async_sessionmaker(places.own.database.async_engine(), class_=AsyncWriteSession)
        undo.enter_context(places.own.database.async_session_factory.override(providers.Object(factory)))
        assert not (await writing_thread(places.own)).startswith("writing")

    async def test_connection_of_a_session_is_followed(self, places: Places, undo: ExitStack) -> None:
        """A session that is bound to a connection stays on it, although the factory has a writer."""
        async with places.own.database.async_engine().connect() as connection:
            session = places.own.database.async_session_factory()(bind=connection)
            undo.enter_context(places.own.database.async_session.override(session))
            assert not (await writing_thread(places.own)).startswith("writing")
            await session.close()

    async def test_container_of_an_earlier_release_writes_in_the_event_loop(
        self, places: Places, undo: ExitStack
    ) -> None:
        """Its factory is given the async engine alone."""
        database = places.own.database
        earlier = Shared(AsyncSessionFactory, database.async_engine)
        undo.enter_context(database.async_session_factory.override(earlier))
        async with scope():
            name = await database.async_transactions().run_sync(_add_a_user)
        assert ("own", False) == (places.written("users"), name.startswith("writing"))


def _add_a_user(session: Session) -> str:
    session.add(User(email="new@example.com", username="new"))
    return threading.current_thread().name


async def reading_thread(container: ApplicationContainer) -> str:
    """Return the name of the thread in which a visit takes place."""

    def work(connection: Connection) -> str:
        connection.exec_driver_sql("SELECT 1")
        return threading.current_thread().name

    async with scope():
        return await container.database.async_reads().read(work)


class TestShortCut:
    async def test_reads_use_the_sync_engine_without_overrides(self, places: Places) -> None:
        """A read on SQLite is one hop to a thread, on the sync engine; the async one has opened nothing."""
        assert (await reading_thread(places.own)).startswith("reading")
        assert "Connections in pool: 1 " in places.own.database.engine().pool.status()
        assert "Connections in pool: 0 " in places.own.database.async_engine().pool.status()

    @pytest.mark.parametrize("name", ["settings", "location"])
    async def test_reads_use_the_sync_engine_if_both_engines_follow_the_override(
        self, places: Places, undo: ExitStack, name: str
    ) -> None:
        """They still lead to one database."""
        undo.enter_context(provider_of(places.own.database, name).override(provider_of(places.other.database, name)))
        assert (await reading_thread(places.own)).startswith("reading")

    async def test_derived_engine_is_used_itself(self, places: Places, undo: ExitStack) -> None:
        """Its options are part of the override: reads use the derived engine itself."""
        derived = places.own.database.async_engine().execution_options(logging_token="derived")
        await close_container(places.own)
        undo.enter_context(places.own.database.async_engine.override(providers.Object(derived)))
        assert not (await reading_thread(places.own)).startswith("reading")
        await derived.dispose()
