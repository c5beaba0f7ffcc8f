"""`Depends(Provide[...])` resolves from the container of the application that serves the request."""

import threading
from collections.abc import AsyncGenerator, Generator
from typing import Annotated, Any

import httpx2
import pytest
from dependency_injector import containers, providers
from fastapi import APIRouter, Depends, FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sessionscope import (
    InjectionError,
    NotInRequestError,
    Provide,
    ScopedResource,
    ScopeMiddleware,
    check_container,
    current_request,
    inject,
    nested,
    scope,
)

pytestmark = pytest.mark.isolation("none")


class Inner(containers.DeclarativeContainer):
    """A container to nest."""

    word = providers.Object("inner")


class Application(containers.DeclarativeContainer):
    """The container of an application."""

    name = providers.Object("ours")
    thread = providers.Callable(threading.get_ident)
    settings = providers.Object({"port": 80})
    inner = nested(Inner)
    fresh = providers.Factory(object)


class Subclass(Application):
    """Replaces a provider of its base."""

    name = providers.Object("subclass")


NameDep = Annotated[str, Depends(Provide[Application.name])]


def app_of(container: Any, **dependencies: Any) -> FastAPI:
    """Return an application with an endpoint for each dependency, which returns what it is given."""
    app = FastAPI()
    app.state.container = container
    for path, dependency in dependencies.items():

        async def endpoint(given: Annotated[Any, Depends(dependency)]) -> Any:
            return given

        app.get(f"/{path}", response_model=None)(endpoint)
    return app


async def get(app: Any, path: str) -> Any:
    """Return what the application answers."""
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get(path)
        assert 200 == response.status_code, response.text
        return response.json()


class TestProvide:
    async def test_provider_is_resolved_without_a_thread(self) -> None:
        """The event loop's own thread resolves it."""
        assert threading.get_ident() == await get(app_of(Application(), x=Provide[Application.thread]), "/x")

    @pytest.mark.parametrize(
        ("marker", "expected"),
        [
            (Provide[Application.name], "ours"),
            (Provide["name"], "ours"),
            (Provide[Application.inner.word], "inner"),
            (Provide["inner.word"], "inner"),
            (Provide[Inner.word], "inner"),
            (Provide[Application.settings.provided["port"]], 80),
            (Provide[Application.name.provided.upper.call()], "OURS"),
        ],
        ids=["class", "string", "nested", "dotted string", "nested class", "item", "call"],
    )
    async def test_every_way_to_name_a_provider_works(self, marker: Any, expected: object) -> None:
        """By a class, a string, a nested container, the nested class, and with `provided`."""
        app = app_of(Application(), x=marker)
        check_container(app.state.container, app)
        assert expected == await get(app, "/x")

    async def test_provider_itself_is_given(self) -> None:
        """`.provider` gives the provider of the serving container, to be called later."""
        container = Application()
        seen: list[Any] = []
        app = FastAPI()
        app.state.container = container

        @app.get("/")
        async def endpoint(make: Annotated[Any, Depends(Provide[Application.fresh.provider])]) -> None:
            seen.append(make)

        await get(app, "/")
        assert [container.fresh] == seen

    async def test_two_applications_have_their_own_objects(self) -> None:
        """An override in one is not seen in the other, though both have the same router."""
        router = APIRouter(prefix="/names")

        @router.get("/")
        async def name(name: NameDep) -> str:
            return name

        one, other = FastAPI(), FastAPI()
        for app in (one, other):
            app.state.container = Application()
            app.include_router(router, prefix="/api")
        with one.state.container.name.override("overridden"):
            assert ["overridden", "ours"] == [await get(app, "/api/names/") for app in (one, other)]

    async def test_subclass_may_replace_a_provider(self) -> None:
        """The marker names the base's provider, and the container of a subclass gives its own."""
        assert "subclass" == await get(app_of(Subclass(), x=Provide[Application.name]), "/x")

    async def test_markers_of_one_provider_are_equal(self) -> None:
        """Equal markers let `dependency_overrides` find them."""
        assert Provide[Application.name] == Provide[Application.name]
        assert Provide[Application.settings.provided.x] == Provide[Application.settings.provided.x]
        assert Provide[Application.name] != Provide[Application.thread]
        assert Provide[Application.settings.provided.x] != Provide[Application.settings.provided.y]
        app = app_of(Application(), x=Provide[Application.name])
        app.dependency_overrides[Provide[Application.name]] = lambda: "overridden"
        assert "overridden" == await get(app, "/x")

    async def test_dependency_may_be_some_dependencies_away(self) -> None:
        """A dependency's own dependencies are solved alike, plain functions too."""

        def greeting(name: NameDep) -> str:
            return f"hello {name}"

        assert "hello ours" == await get(app_of(Application(), x=greeting), "/x")

    async def test_object_that_is_made_asynchronously_is_awaited(self) -> None:
        """A plain `def` endpoint works too, because FastAPI awaits its dependencies."""

        async def word() -> AsyncGenerator[str, None]:
            yield "hello"

        class Container(containers.DeclarativeContainer):
            made = ScopedResource[str](word)
            listed: Any = providers.Factory(list, providers.List(made))

        app = app_of(Container(), x=Provide[Container.listed])
        app.get("/plain")(_plain(Provide[Container.listed]))
        app.add_middleware(ScopeMiddleware)
        assert [["hello"], ["hello"]] == [await get(app, path) for path in ("/x", "/plain")]

    def test_websocket_is_given_objects(self) -> None:
        """A WebSocket endpoint has dependencies too."""
        app = FastAPI()
        app.state.container = Application()

        @app.websocket("/")
        async def tell(socket: WebSocket, name: NameDep) -> None:
            await socket.accept()
            await socket.send_text(name)
            await socket.close()

        with TestClient(app) as client, client.websocket_connect("/") as socket:
            assert "ours" == socket.receive_text()


def _plain(marker: Any) -> Any:
    def endpoint(given: Annotated[Any, Depends(marker)]) -> Any:
        return given

    return endpoint


class TestContainer:
    async def test_mounted_application_has_its_own(self) -> None:
        """The nearest application decides."""
        parent, child = app_of(Application()), app_of(Subclass(), x=Provide[Application.name])
        parent.add_middleware(ScopeMiddleware)
        parent.mount("/child", child)
        assert "subclass" == await get(parent, "/child/x")

    @pytest.mark.parametrize("make_parent", [FastAPI, Starlette])
    async def test_mounted_application_takes_the_one_around_it(self, make_parent: Any) -> None:
        """An application without a container is given what the one has that it is mounted in."""
        parent, child = make_parent(), app_of(None, x=Provide[Application.name])
        parent.state.container = Application()
        parent.add_middleware(ScopeMiddleware)
        parent.mount("/child", child)
        assert "ours" == await get(parent, "/child/x")

    async def test_application_without_a_container_is_named(self) -> None:
        """The error says which application it is, and what to do."""
        app = app_of(None, x=Provide[Application.name])
        app.title = "Shop"
        with pytest.raises(InjectionError, match=r"the application 'Shop' has no container: set `app\.state\.contain"):
            await get(app, "/x")

    async def test_provider_of_another_container_is_named(self) -> None:
        """A request can't be given what its container doesn't have."""

        class Other(containers.DeclarativeContainer):
            name = providers.Object("other")

        with pytest.raises(InjectionError, match="Application has no provider"):
            await get(app_of(Application(), x=Provide[Other.name]), "/x")

    async def test_class_that_is_nested_twice_is_ambiguous(self) -> None:
        """A marker by the nested class could mean either."""

        class Twice(containers.DeclarativeContainer):
            one = nested(Inner)
            two = nested(Inner)

        with pytest.raises(InjectionError, match=r"several times, as one\.word, two\.word: name one of them"):
            await get(app_of(Twice(), x=Provide[Inner.word]), "/x")


class TestCurrentRequest:
    async def test_objects_of_the_scope_are_made_from_it(self) -> None:
        """A tenant is an ordinary scoped object; a thread finds the same request."""

        class Container(containers.DeclarativeContainer):
            request = providers.Callable(current_request)
            tenant = ScopedResource[str](str, request.provided.headers["x-tenant"])

        app = app_of(Container(), x=Provide[Container.tenant])
        app.get("/plain")(_plain(lambda: current_request().url.path))
        app.add_middleware(ScopeMiddleware)
        check_container(app.state.container, app)
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            assert "acme" == (await client.get("/x", headers={"x-tenant": "acme"})).json()
            assert "/plain" == (await client.get("/plain")).json()

    def test_job_has_none(self) -> None:
        """The error says what a test or a job does instead."""
        with scope(), pytest.raises(NotInRequestError, match="override the provider"):
            current_request()


@inject
async def by_hand(thread: int = Provide[Application.thread]) -> int:
    """Return the thread that resolved the parameter."""
    return thread


class TestInject:
    async def test_job_is_given_objects_of_the_wired_container(self) -> None:
        """FastAPI doesn't call it, so the container is wired to its module."""
        container = Application()
        container.wire(modules=[__name__])
        assert threading.get_ident() == await by_hand()
        container.unwire()

    def test_generators_are_refused(self) -> None:
        """The library's wrapper loses a generator's exceptions: that is an error, not a surprise."""

        def sync_generator(thread: int = Provide[Application.thread]) -> Generator[int, None, None]:
            yield thread

        async def async_generator(thread: int = Provide[Application.thread]) -> AsyncGenerator[int, None]:
            yield thread

        for generator in (sync_generator, async_generator):
            with pytest.raises(TypeError, match="lose its exceptions and its teardown"):
                inject(generator)
