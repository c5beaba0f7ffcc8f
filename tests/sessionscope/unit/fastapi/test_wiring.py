"""Endpoints get their objects without a thread, from one container at a time."""

import gc
import threading
from collections.abc import AsyncGenerator, Generator
from inspect import iscoroutinefunction, signature
from typing import Annotated, Any

import httpx2
import pytest
from dependency_injector import containers, providers
from dependency_injector.containers import DynamicContainer
from fastapi import Depends, FastAPI

from app.main import create_app
from config import DatabaseSettings, Settings
from containers import ApplicationContainer, Provide, WiringError, inject
from sessionscope.fastapi.wiring import GuardedContainer


class Threads(containers.DeclarativeContainer):
    """Tells which thread resolved it."""

    instance_type = GuardedContainer
    thread = providers.Callable(threading.get_ident)


@inject
async def endpoint(thread: Annotated[int, Depends(Provide[Threads.thread])]) -> int:
    """Return the thread that resolved the parameter."""
    return thread


@inject
async def by_hand(thread: int = Provide[Threads.thread]) -> int:
    """Return the same, without FastAPI."""
    return thread


@inject
async def both(
    word: str,
    thread: Annotated[int, Depends(Provide[Threads.thread])],
    other: Annotated[int, Provide[Threads.thread]],
) -> tuple[str, bool]:
    """Return what is not injected, and whether both markers gave the same."""
    return word, thread == other


class TestProvide:
    def test_fastapi_awaits_the_marker(self) -> None:
        """A marker that is awaited needs no thread of the pool."""
        assert iscoroutinefunction(Provide[Threads.thread].__call__)

    async def test_it_is_replaced_in_an_endpoint(self) -> None:
        """The endpoint gets the object, made in the loop's own thread."""
        container = Threads()
        container.wire(modules=[__name__])
        app = FastAPI()
        app.get("/")(endpoint)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
            assert (await client.get("/")).json() == threading.get_ident()
        container.unwire()

    async def test_it_is_replaced_in_a_plain_function(self) -> None:
        """A job is injected the same way."""
        container = Threads()
        container.wire(modules=[__name__])
        assert await by_hand() == threading.get_ident()
        container.unwire()


class TestInject:
    async def test_fastapi_does_not_see_what_is_injected(self) -> None:
        """It would solve a dependency for each, for nothing; `Depends` around the marker may be left out."""
        assert ["word"] == list(signature(both).parameters)
        app = FastAPI()
        app.get("/")(both)
        container = Threads()
        container.wire(modules=[__name__])
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
            assert ["hello", True] == (await client.get("/?word=hello")).json()
        container.unwire()

    def test_it_refuses_generators(self) -> None:
        """The library's wrapper loses a generator's exceptions: that is an error, not a surprise."""

        def sync_generator(thread: int = Provide[Threads.thread]) -> Generator[int, None, None]:
            yield thread

        async def async_generator(thread: int = Provide[Threads.thread]) -> AsyncGenerator[int, None]:
            yield thread

        for generator in (sync_generator, async_generator):
            with pytest.raises(TypeError, match="lose its exceptions and its teardown"):
                inject(generator)


class TestWiring:
    async def test_it_is_not_done_twice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An application's start finds its modules wired; after unwiring they are wired anew."""
        container, done = Threads(), list[object]()
        monkeypatch.setattr(DynamicContainer, "wire", lambda *_: done.append(1))
        monkeypatch.setattr(DynamicContainer, "unwire", lambda _: done.append(-1))
        container.wire(modules=[__name__])
        container.wire(modules=[__name__])
        container.unwire()
        container.wire(modules=[__name__])
        container.unwire()
        assert [1, -1, 1, -1] == done


class TestGuard:
    def settings(self) -> Settings:
        """Return settings with a private database."""
        return Settings(database=DatabaseSettings(url="sqlite:///:memory:"))

    def test_a_second_live_application_is_refused(self, app: FastAPI) -> None:
        """It would take over the endpoints of the first one without a word."""
        with pytest.raises(WiringError, match=r"app\.api\.users.*unwire"):
            create_app(ApplicationContainer(settings=self.settings()))
        assert app.state.container is not None

    def test_an_ended_one_is_no_obstacle(self, app: FastAPI) -> None:
        """After `unwire()` the modules are free."""
        app.state.container.unwire()
        create_app(ApplicationContainer(settings=self.settings())).state.container.unwire()

    def test_a_forgotten_one_is_no_obstacle(self) -> None:
        """A container that nobody has any more holds nothing."""
        gc.disable()
        try:
            create_app(ApplicationContainer(settings=self.settings()))
            create_app(ApplicationContainer(settings=self.settings())).state.container.unwire()
        finally:
            gc.enable()

    async def test_the_same_container_may_wire_again(self, container: ApplicationContainer) -> None:
        """Wiring twice is no conflict with oneself, and the end of one application is not the other's."""
        create_app(container)
        app = create_app(container)
        gc.collect()
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
            assert (await client.get("/health/ready")).status_code == 200

    def test_an_application_that_goes_meanwhile_takes_nothing_along(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The garbage collector may find the first application while the second is being wired."""
        container = ApplicationContainer(settings=Settings(database=DatabaseSettings(url="sqlite:///:memory:")))
        create_app(container)
        wire = GuardedContainer.wire

        def wire_and_collect(self: Any, *arguments: Any, **options: Any) -> None:
            wire(self, *arguments, **options)
            gc.collect()

        monkeypatch.setattr(GuardedContainer, "wire", wire_and_collect)
        create_app(container)
        container.unwire()

    async def test_the_lifespan_frees_the_modules_and_takes_them_again(self, app: FastAPI) -> None:
        """An application that is started twice serves twice."""
        for _ in range(2):
            async with (
                app.router.lifespan_context(app),
                httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client,
            ):
                assert (await client.get("/health/ready")).status_code == 200
        create_app(ApplicationContainer(settings=self.settings())).state.container.unwire()

    def test_packages_are_guarded_too(self) -> None:
        """Naming a package takes its modules."""
        one, other = Threads(), Threads()
        one.wire(packages=["app.users"])
        with pytest.raises(WiringError, match=r"app\.users\.schemas"):
            other.wire(modules=["app.users.schemas"])
        one.unwire()


def unused(_: Any) -> None:
    """Keep the module's members varied for the wiring to walk over."""
