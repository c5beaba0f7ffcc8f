"""Objects of the process are opened and closed with the container, in every way that is supported."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
import pytest
from dependency_injector import containers, providers
from fastapi import FastAPI

from sessionscope import (
    NotOpenError,
    ScopedResource,
    Shared,
    TeardownError,
    check_container,
    close_container,
    container_lifespan,
    open_container,
    scope,
)
from tests.sessionscope.unit.lifetimes.probes import (
    Broker,
    Client,
    Log,
    Probe,
    Stubborn,
    Ways,
    async_generated,
    generated,
)


async def broker_of(log: list[str], name: str = "broker") -> AsyncGenerator[Broker, None]:
    """Yield an open broker."""
    async with Broker(log, name) as broker:
        yield broker


@asynccontextmanager
async def managed_broker(log: list[str]) -> AsyncGenerator[Broker, None]:
    """Yield an open broker, as a context manager."""
    async with Broker(log) as broker:
        yield broker


async def connected(log: list[str]) -> Broker:
    """Return a broker to enter, after a turn of the loop."""
    await asyncio.sleep(0)
    return Broker(log)


def described(log: list[str]) -> AbstractAsyncContextManager[Broker]:
    """Return what is to be entered, and say so."""
    return managed_broker(log)


def handed_on(log: list[str]) -> Awaitable[Broker]:
    """Return what is to be awaited, and say so."""
    return connected(log)


def unannotated(log):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Return a broker to enter, without saying so."""
    return Broker(log)


class Service:
    """A thing above others."""

    def __init__(self, *taken: Any) -> None:
        self.taken = taken


class TestClosing:
    async def test_the_first_of_three_methods_closes(self) -> None:
        """An object that has them all is closed once, by `dispose`."""
        closed = Log()

        class Container(containers.DeclarativeContainer):
            ways = Shared[Ways](Ways, closed)

        container = Container()
        container.ways()
        await close_container(container)
        await close_container(container)
        assert ["dispose"] == closed

    @pytest.mark.parametrize(("kind", "method"), [(Client, "aclose"), (Probe, "probe")])
    async def test_one_method_is_enough(self, kind: Callable[..., Any], method: str) -> None:
        """A client has `aclose` alone, a file has `close`."""
        closed = Log()

        class Container(containers.DeclarativeContainer):
            probe = Shared[Any](kind, closed=closed)

        container = Container()
        assert isinstance(container.probe(), kind)  # type: ignore[arg-type]
        await close_container(container)
        assert [method] == closed

    async def test_a_real_http_client_is_closed(self) -> None:
        """The object is usable as soon as it is made, and closed with the container."""

        class Container(containers.DeclarativeContainer):
            http = Shared[httpx2.AsyncClient](httpx2.AsyncClient)

        container = Container()
        client = container.http()
        await close_container(container)
        assert client.is_closed

    async def test_a_generator_is_left_at_the_end(self) -> None:
        """A sync generator function yields the object, and cleans up after it."""
        closed = Log()

        class Container(containers.DeclarativeContainer):
            value = Shared[str](generated, closed)

        container = Container()
        assert ("value", "value", []) == (container.value(), container.value(), closed)
        await close_container(container)
        assert [None] == closed

    async def test_close_goes_backwards_and_on_after_a_failure(self) -> None:
        """The object that was made last is closed first, and the error names each object that could not be closed."""
        closed = Log()

        class Container(containers.DeclarativeContainer):
            b = Shared[Probe](Probe, "b", closed)
            stuck = Shared[Stubborn](Stubborn, "stuck", closed)
            a = Shared[Probe](Probe, "a", closed)
            broken = Shared[Stubborn](Stubborn, "broken", closed)

        container = Container()
        for each in (container.a, container.stuck, container.b, container.broken):
            each()
        with pytest.raises(TeardownError) as caught:
            await close_container(container)
        assert ["b", "a"] == closed
        assert ["broken is stuck", "stuck is stuck"] == [str(error) for error in caught.value.exceptions]

    async def test_a_cancelled_close_leaves_nothing_open(self) -> None:
        """The other objects are still closed, and then the cancellation is raised."""
        closed = Log()

        class Slow(Probe):
            async def close(self) -> None:  # type: ignore[override]
                await asyncio.sleep(60)

        class Container(containers.DeclarativeContainer):
            first = Shared[Probe](Probe, "first", closed)
            slow = Shared[Slow](Slow)

        container = Container()
        container.first()
        container.slow()
        closing = asyncio.ensure_future(close_container(container))
        await asyncio.sleep(0.01)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert ["first"] == closed

    @pytest.mark.parametrize("kind", [generated, async_generated])
    async def test_the_librarys_resources_are_shut_down(self, kind: Any) -> None:
        """A resource is shut down if it was initialized, sync or async, and left alone otherwise."""
        closed = Log()

        class Container(containers.DeclarativeContainer):
            used = providers.Resource(kind, closed)
            unused = providers.Resource(kind, closed)

        container = Container()
        made = container.used()
        assert "value" == (await made if asyncio.isfuture(made) else made)
        await close_container(container)
        await close_container(container)
        assert [None] == closed

    async def test_a_resource_is_closed_between_what_takes_it_and_what_it_takes(self) -> None:
        """Nothing is closed under something that may still need it."""
        closed = Log()

        def resource(below: Probe) -> Generator[Probe, None, None]:
            yield Probe("resource", below.closed)
            closed.append("resource")

        class Top(Probe):
            def __init__(self, below: Probe) -> None:
                super().__init__("top", below.closed)

        class Container(containers.DeclarativeContainer):
            bottom = Shared[Probe](Probe, "bottom", closed)
            middle = providers.Resource(resource, bottom)
            top = Shared[Top](Top, middle)
            other = Shared[Probe](Probe, "other", closed)

        container = Container()
        container.top()
        container.other()
        await close_container(container)
        assert ["other", "top", "resource", "bottom"] == closed

    async def test_an_override_ends_with_its_teardown(self) -> None:
        """A resource or a generator in the place of an object is ended with the override."""
        closed = Log()
        value = Shared[str](str)
        for recipe in (providers.Resource(generated, closed), providers.Factory(generated, closed)):
            with value.override(recipe):
                assert "value" == value()
        assert [None, None] == closed


class TestScoped:
    async def test_a_client_of_a_scope_is_closed(self) -> None:
        """An object that has `aclose` alone is closed with its scope."""
        closed = Log()
        client = ScopedResource[Client](Client, closed)
        async with scope():
            client()
        assert ["aclose"] == closed

    def test_so_it_is_without_a_loop(self) -> None:
        """A plain `with` runs the close in a loop of its own."""
        closed = Log()
        client = ScopedResource[Client](Client, closed)
        with scope():
            client()
        assert ["aclose"] == closed

    async def test_overriding_factory_of_generators_is_closed(self) -> None:
        """Callers get the object that the generator yields."""
        closed = Log()
        value = ScopedResource[str](str)
        with value.override(providers.Factory(generated, closed)):
            async with scope():
                assert "value" == value()
        assert [None] == closed


class TestOpening:
    @pytest.mark.parametrize(
        "recipe",
        [broker_of, managed_broker, Broker, described, handed_on, unannotated, connected, providers.Factory(broker_of)],
        ids=[
            "async generator",
            "context manager",
            "class",
            "described",
            "handed on",
            "unannotated",
            "coroutine",
            "provider",
        ],
    )
    async def test_object_is_opened_once_and_closed(self, recipe: Any) -> None:
        """Once it is open, a call gives the object itself, and nothing above it becomes a Future."""
        log = Log()

        class Container(containers.DeclarativeContainer):
            broker = Shared[Broker](recipe, log)
            service = providers.Factory(Service, broker)

        container = Container()
        await open_container(container)
        await open_container(container)
        [broker] = container.service().taken
        assert broker is container.broker()
        assert ("sent x", ["broker opened"]) == (await broker.publish("x"), log)
        await close_container(container)
        assert ["broker opened", "broker closed"] == log

    @pytest.mark.parametrize(
        "recipe", [broker_of, managed_broker, Broker, described, handed_on, unannotated, connected]
    )
    async def test_use_before_opening_is_an_error(self, recipe: Any) -> None:
        """The error names the provider and the remedy; it is the same for what takes the object."""

        class Container(containers.DeclarativeContainer):
            broker = Shared[Broker](recipe, [])
            service = providers.Factory(Service, broker)

        container = Container()
        for provider in (container.broker, container.service):
            with pytest.raises(
                NotOpenError, match=r"^broker is opened asynchronously.*await open_container\(container\)"
            ):
                provider()

    async def test_container_can_be_opened_again(self) -> None:
        """A container that was closed works again afterwards."""
        log = Log()

        class Container(containers.DeclarativeContainer):
            broker = Shared[Broker](broker_of, log)

        container = Container()
        for _ in range(2):
            await open_container(container)
            await close_container(container)
            with pytest.raises(NotOpenError):
                container.broker()
        assert ["broker opened", "broker closed"] * 2 == log

    async def test_each_is_opened_after_what_it_takes(self) -> None:
        """And closed before it, whatever the order in which they were declared."""
        log = Log()

        async def above(broker: Broker, log: list[str]) -> AsyncGenerator[Broker, None]:
            await broker.publish("hello")
            async with Broker(log, "above") as upper:
                yield upper

        class Inner(containers.DeclarativeContainer):
            broker = Shared[Broker](broker_of, log)

        class Container(containers.DeclarativeContainer):
            inner = providers.Container(Inner)
            above_it = Shared[Broker](above, inner.broker, log)

        container = Container()
        await open_container(container)
        await close_container(container)
        assert ["broker opened", "above opened", "above closed", "broker closed"] == log

    async def test_two_that_open_at_once_open_once(self) -> None:
        """The second opening waits for the first."""
        log = Log()

        class Container(containers.DeclarativeContainer):
            broker = Shared[Broker](broker_of, log)

        container = Container()
        await asyncio.gather(open_container(container), open_container(container))
        assert ["broker opened"] == log
        await close_container(container)

    async def test_what_can_not_be_opened_closes_the_rest(self) -> None:
        """The error is the one that the opening raised."""
        log = Log()

        async def refused(_: Broker) -> Broker:
            raise ConnectionRefusedError("nobody listens")

        class Container(containers.DeclarativeContainer):
            broker = Shared[Broker](broker_of, log)
            other = Shared[Broker](refused, broker)

        with pytest.raises(ConnectionRefusedError, match="nobody listens"):
            await open_container(Container())
        assert ["broker opened", "broker closed"] == log

    async def test_nothing_else_is_built(self) -> None:
        """An object that needs no event loop is made at its first use, so it can still be overridden."""

        class Container(containers.DeclarativeContainer):
            probe = Shared[Probe](Probe)
            broker = Shared[Broker](broker_of, [])

        container = Container()
        await open_container(container)
        assert container.probe.built is None
        await close_container(container)

    async def test_what_is_overridden_is_not_opened(self) -> None:
        """A test puts a fake in the place of a broker that it doesn't have; a recipe that overrides is opened."""
        log = Log()

        class Container(containers.DeclarativeContainer):
            broker = Shared[Broker](broker_of, log, "real")
            service = providers.Factory(Service, broker)

        container = Container()
        with container.broker.override("fake"):
            await open_container(container)
            assert ("fake",) == container.service().taken
        with container.broker.override(providers.Factory(broker_of, log, "fake")):
            await open_container(container)
            assert "fake" == container.service().taken[0].name
            await close_container(container)
        assert ["fake opened", "fake closed"] == log


class TestApplication:
    async def test_the_lifespan_opens_and_closes(self) -> None:
        """The loop that serves is the one that the object belongs to; a task group may stay open meanwhile."""
        log = Log()

        async def with_tasks(log: list[str]) -> AsyncGenerator[Broker, None]:
            async with asyncio.TaskGroup(), Broker(log) as broker:
                yield broker

        class Container(containers.DeclarativeContainer):
            broker = Shared[Broker](with_tasks, log)

        container = Container()
        check_container(container)

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
            await open_container(container)
            yield
            await close_container(container)

        app = FastAPI(lifespan=lifespan)
        async with app.router.lifespan_context(app):
            assert "sent x" == await container.broker().publish("x")
        assert ["broker opened", "broker closed"] == log


class TestSelector:
    @pytest.mark.parametrize(("kind", "opened"), [("near", ["near opened"]), ("none", []), ("unknown", [])])
    async def test_only_the_selected_option_is_opened(self, kind: str, opened: list[str]) -> None:
        """The server of an option that the settings don't select may be missing."""
        log = Log()

        class Container(containers.DeclarativeContainer):
            settings = Shared[dict[str, str]](dict, broker=kind)
            broker = providers.Selector(
                settings.provided["broker"],
                near=Shared[Broker](broker_of, log, "near"),
                far=Shared[Broker](broker_of, log, "far"),
                none=providers.Object(None),
            )
            service = providers.Factory(Service, broker)

        container = Container()
        async with container_lifespan(container):
            assert opened == log
        assert [name.replace("opened", "closed") for name in opened] == log[len(opened) :]

    async def test_every_option_is_opened_if_the_selection_may_change(self) -> None:
        """A function may select another option for each call."""
        log, names = Log(), iter(["near", "far"])

        class Container(containers.DeclarativeContainer):
            broker = providers.Selector(
                providers.Callable(next, names),
                near=Shared[Broker](broker_of, log, "near"),
                far=Shared[Broker](broker_of, log, "far"),
            )

        container = Container()
        async with container_lifespan(container):
            assert ["near opened", "far opened"] == log
            assert ["near", "far"] == [container.broker().name, container.broker().name]
