"""A faulty container is found before its first request, with the remedy."""

from collections.abc import AsyncGenerator, Generator, Iterator
from pathlib import Path
from typing import Annotated, Any, Self

import httpx2
import pytest
from dependency_injector import containers, providers
from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, sessionmaker

from sessionscope import ContainerError, Provide, ScopedResource, Shared, check_container, nested
from sessionscope.database.engine import build_engine
from sessionscope.lifetimes.errors import Finding
from sessionscope.settings import ConfigurationError, DatabaseSettings
from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.containers import ApplicationContainer, DatabaseContainer
from tests.sessionscope.service.settings import Settings

MEMORY = DatabaseSettings(url="sqlite:///:memory:")


def annotated(factory: sessionmaker[Session]) -> Iterator[Session]:
    """Yield a session, and say so."""
    with factory() as session:
        yield session


def silent(factory):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Yield a session, and don't say so."""
    with factory() as session:
        yield session


async def asynchronous() -> AsyncGenerator[AsyncSession, None]:
    """Yield an async session."""
    yield AsyncSession()


class Service:
    """Something that takes a session."""

    def __init__(self, session: object) -> None:
        self.session = session


def findings(container: Any, app: Any = None) -> list[Finding]:
    """Return what the check finds."""
    with pytest.raises(ContainerError) as caught:
        check_container(container, app)
    return caught.value.findings


def faults(container: Any, app: Any = None) -> list[tuple[str, str]]:
    """Return where each fault was found, and its remedy."""
    return [(finding.where, finding.remedy) for finding in findings(container, app)]


class TestCaptives:
    @pytest.mark.parametrize("kind", [providers.Singleton, Shared, providers.Resource])
    def test_a_process_wide_object_may_not_keep_a_session(self, kind: Any) -> None:
        """It would keep the first request's session for ever."""

        class Container(containers.DeclarativeContainer):
            database = nested(DatabaseContainer, settings=MEMORY)
            service = kind(Service, database.session)

        [(where, remedy)] = faults(Container())
        assert where == "service"
        assert "Factory or a ScopedResource" in remedy

    def test_captive_session_is_found_behind_other_providers(self) -> None:
        """The session may be some factories away."""

        class Container(containers.DeclarativeContainer):
            database = nested(DatabaseContainer, settings=MEMORY)
            service = providers.Factory(Service, database.session)
            outer = providers.Singleton(Service, service)

        assert [where for where, _ in faults(Container())] == ["outer"]

    def test_the_provider_itself_may_be_kept(self) -> None:
        """A process-wide object may ask for a session in scopes of its own."""

        class Container(containers.DeclarativeContainer):
            database = nested(DatabaseContainer, settings=MEMORY)
            service = providers.Singleton(Service, database.session.provider)

        check_container(Container())


class TestSharedSessions:
    @pytest.mark.parametrize(
        "provider",
        [
            providers.Resource(annotated, sessionmaker()),
            providers.ContextLocalResource(annotated, sessionmaker()),
            providers.Singleton(Session),
            providers.Resource(asynchronous),
        ],
        ids=["Resource", "ContextLocalResource", "Singleton", "async Resource"],
    )
    def test_a_session_belongs_to_a_scope(self, provider: Any) -> None:
        """Every other lifetime hands one session to concurrent requests, or never closes it."""

        class Container(containers.DeclarativeContainer):
            session = provider

        assert faults(Container()) == [("session", "Use ScopedResource")]

    def test_a_silent_generator_over_a_factory_is_found(self) -> None:
        """A generator that takes a session factory and doesn't say what it yields, yields a session."""

        class Container(containers.DeclarativeContainer):
            database = nested(DatabaseContainer, settings=MEMORY)
            session = providers.Resource(silent, database.session_factory)

        assert faults(Container()) == [("session", "Use ScopedResource")]


class Pool:
    """Something with a method to close it."""

    def close(self) -> None:
        """Close."""


class Entered(Pool):
    """Something that a plain `with` closes."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""


def build_pool() -> Pool:
    """Return a pool."""
    return Pool()


def pool_generator() -> Iterator[Pool]:
    """Yield a pool."""
    yield Pool()


async def pool_coroutine() -> Pool:
    """Return a pool, asynchronously."""
    return Pool()


async def pool_async_generator() -> AsyncGenerator[Pool, None]:
    """Yield a pool, asynchronously."""
    yield Pool()


class TestUnfit:
    @pytest.mark.parametrize("kind", [providers.Resource, providers.ContextLocalResource, providers.Singleton])
    @pytest.mark.parametrize("recipe", [pool_coroutine, pool_async_generator])
    def test_what_is_opened_asynchronously_is_shared(self, kind: Any, recipe: Any) -> None:
        """By any other provider of the process it would be a Future, and so would everything above it."""

        class Container(containers.DeclarativeContainer):
            pool = kind(recipe)

        [finding] = findings(Container())
        assert "pool" == finding.where
        assert "Futures" in finding.fault
        assert finding.remedy.startswith("Use Shared")

    def test_an_http_client_is_not_entered_by_a_resource(self) -> None:
        """The library enters whatever has `__aenter__`, and gives a Future for it."""

        class Container(containers.DeclarativeContainer):
            http = providers.Resource(httpx2.AsyncClient)

        [finding] = findings(Container())
        assert ("http", True) == (finding.where, "Futures" in finding.fault)

    @pytest.mark.parametrize(
        "provider",
        [
            providers.Singleton(Pool),
            providers.ThreadSafeSingleton(build_pool),
            providers.Singleton(build_engine, MEMORY),
            providers.Singleton(httpx2.AsyncClient),
            providers.Resource(build_pool),
        ],
        ids=["Singleton", "function", "engine", "client", "Resource"],
    )
    def test_what_has_to_be_closed_is_shared(self, provider: Any) -> None:
        """Nobody would close what another provider of the process makes."""

        class Container(containers.DeclarativeContainer):
            pool = provider

        [finding] = findings(Container())
        assert ("pool", True) == (finding.where, finding.remedy.startswith("Use Shared"))
        assert "nobody calls" in finding.fault

    @pytest.mark.parametrize(
        "provider",
        [
            Shared(Pool),
            Shared[Pool](pool_generator),
            Shared[Pool](pool_async_generator),
            Shared[Pool](pool_coroutine),
            Shared(Entered),
            providers.Resource(pool_generator),
            providers.Resource(Entered),
            providers.Singleton(dict),
            ScopedResource(pool_async_generator),
            providers.Factory(Pool),
        ],
    )
    def test_what_is_closed_is_fine(self, provider: Any) -> None:
        """The object is closed by its provider, its scope or its caller."""

        class Container(containers.DeclarativeContainer):
            pool = provider
            service = providers.Factory(Service, pool)

        check_container(Container())


class TestUnresolvable:
    def test_a_misspelt_setting_is_found(self) -> None:
        """`settings.provided.databse` is an error only when it is resolved: that is done here."""

        class Container(containers.DeclarativeContainer):
            settings = Shared[Settings](Settings)
            url = providers.Callable(str, settings.provided.databse)

        assert [where for where, _ in faults(Container())] == ["url"]

    def test_a_missing_argument_is_found(self) -> None:
        """A recipe that lacks what its class needs can't be resolved."""

        class Container(containers.DeclarativeContainer):
            service = providers.Factory(Service)

        assert [where for where, _ in faults(Container())] == ["service"]

    def test_a_container_without_settings_is_found(self) -> None:
        """A database without settings is one finding per provider that needs them."""
        assert "settings" in [where for where, _ in faults(DatabaseContainer())]

    def test_bad_settings_speak_for_themselves(self) -> None:
        """A configuration error is raised as it is: it has its own lines."""
        with pytest.raises(ConfigurationError, match="pool_size"):
            check_container(ApplicationContainer(settings=Shared(Settings, database={"pool_size": 0})))

    def test_nothing_is_opened(self) -> None:
        """A check starts no resource and runs no generator."""
        opened: list[str] = []

        def resource() -> Generator[str, None, None]:
            opened.append("resource")
            yield "value"

        class Container(containers.DeclarativeContainer):
            started = providers.Resource(resource)
            scoped = ScopedResource[str](resource)
            asynchronous = ScopedResource[AsyncSession](asynchronous)
            service = providers.Factory(Service, scoped)

        check_container(Container())
        assert opened == []

    def test_check_does_not_make_overrides_late(self) -> None:
        """What is built for the check is gone after it, so a test may still override settings."""
        container = ApplicationContainer(settings=Settings(database=MEMORY))
        check_container(container)
        container.settings.override(Settings(database=DatabaseSettings(url="sqlite:///other.db")))
        assert container.database.engine().url.database == "other.db"

    def test_the_settings_that_were_checked_are_used(self, tmp_path: Path) -> None:
        """They are read once: a file that changes afterwards, or breaks, changes nothing."""
        file = tmp_path / "settings.json"
        file.write_text('{"server": {"port": 1}}')
        container = ApplicationContainer(settings=Shared(Settings.from_file, file))
        check_container(container)
        file.write_text("broken")
        assert 1 == container.settings().server.port

    def test_every_reader_of_the_settings_gets_those(self) -> None:
        """The sources are read once, however many providers take the settings."""
        read: list[Settings] = []

        def settings() -> Settings:
            read.append(Settings(database=MEMORY))
            return read[-1]

        container = ApplicationContainer(settings=Shared(settings))
        check_container(container)
        container.database.engine().dispose()
        assert [container.settings()] == read

    def test_check_keeps_the_settings_of_an_override(self) -> None:
        """A recipe that replaces the settings is run once as well."""
        read: list[str] = []

        def settings() -> Settings:
            read.append("settings")
            return Settings(database=MEMORY)

        container = ApplicationContainer()
        container.settings.override(providers.Factory(settings))
        check_container(container)
        container.database.engine().dispose()
        assert ["settings"] == read

    def test_settings_that_were_read_can_still_be_overridden(self) -> None:
        """No remaining object was built from the settings."""
        container = ApplicationContainer(settings=Shared(Settings, database=MEMORY))
        check_container(container)
        assert container.settings().database == MEMORY
        with container.settings.override(Settings(database=DatabaseSettings(url="sqlite:///other.db"))):
            assert container.database.engine().url.database == "other.db"

    def test_what_a_later_override_would_change_is_not_kept(self) -> None:
        """A plain provider gives no error for an override that comes too late, so nothing is built from it before."""

        class Container(containers.DeclarativeContainer):
            number = providers.Object(1)
            service = Shared[Service](Service, number)

        container = Container()
        check_container(container)
        container.number.override(providers.Object(2))
        assert container.service().session == 2


class Numbers(containers.DeclarativeContainer):
    """Something to inject."""

    number = providers.Object(1)


class TestMarkers:
    @pytest.mark.parametrize("marker", [Provide[Numbers.number], Provide["number"]], ids=["class", "string"])
    def test_a_provider_of_the_container_is_fine(self, marker: Any) -> None:
        """A marker by the class or by a name."""
        check_container(Numbers(), app_with(marker))

    def test_a_misspelt_name_is_found(self) -> None:
        """The finding names the endpoint, and the nearest name."""
        [finding] = findings(Numbers(), app_with(Provide["numbers"]))
        assert f"/numbers/ ({__name__}.app_with.<locals>.endpoint)" == finding.where
        assert "'given' can't be injected: Numbers has no provider 'numbers': did you mean 'number'?" in finding.fault

    def test_a_provider_of_another_container_is_found(self) -> None:
        """It would fail with the first request."""
        assert "Numbers has no provider" in findings(Numbers(), app_with(Provide[ApplicationContainer.users]))[0].fault

    def test_a_sub_dependency_is_looked_at(self) -> None:
        """The parameter may be some dependencies away."""

        async def sub_dependency(number: Annotated[int, Depends(Provide["numbers"])]) -> int:
            return number

        assert "sub_dependency" in faults(Numbers(), app_with(sub_dependency))[0][0]


def app_with(dependency: Any) -> FastAPI:
    """Return an application with an endpoint in a router that has the dependency."""
    router = APIRouter(prefix="/numbers")

    @router.get("/", response_model=None)
    async def endpoint(given: Annotated[Any, Depends(dependency)]) -> Any:
        return given

    app = FastAPI()
    app.include_router(router)
    return app


@pytest.mark.isolation("none")
class TestOurs:
    def test_the_application_is_good(self, container: ApplicationContainer) -> None:
        """The service's own container and endpoints have no findings."""
        check_container(container, create_app(container))
