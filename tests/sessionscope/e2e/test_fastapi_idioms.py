"""Idioms from FastAPI's documentation work in this service, which is an ordinary FastAPI application."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Header, HTTPException, Request, WebSocket
from fastapi.responses import StreamingResponse
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.testclient import TestClient

from sessionscope import scope
from sessionscope.database.checkouts import current_task
from sessionscope.fastapi.sessions import AsyncSessionDep, get_async_db
from sessionscope.settings import DatabaseSettings
from tests.sessionscope.service import app as main
from tests.sessionscope.service import routes
from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import User
from tests.sessionscope.service.routes import UsersDep
from tests.sessionscope.service.settings import Settings

pytestmark = pytest.mark.isolation("none")

ANN = {"email": "ann@example.com", "username": "ann"}
COUNT = select(func.count()).select_from(User)


@pytest.fixture(name="container")
def _container(database_url: str) -> ApplicationContainer:
    """Give a container on a migrated database of the test's own; the application's lifespan closes it."""
    return ApplicationContainer(settings=Settings(database=DatabaseSettings(url=database_url)))


@pytest.fixture(name="make")
def _make(container: ApplicationContainer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FastAPI]:
    """Give a function that returns the application as its author would have it after an edit of ``FastAPI(...)``."""

    def make(**options: Any) -> FastAPI:
        monkeypatch.setattr(main, "FastAPI", partial(FastAPI, **options))
        return create_app(container)

    return make


@pytest.fixture(name="app")
def _app(make: Callable[..., FastAPI]) -> FastAPI:
    """Give the application, to which a test adds what it shows."""
    return make()


@pytest.fixture(name="client")
async def _client(app: FastAPI) -> AsyncGenerator[httpx2.AsyncClient, None]:
    """Give a client of the application."""
    async with client_of(app) as client:
        yield client


@asynccontextmanager
async def client_of(app: FastAPI, parent: FastAPI | None = None) -> AsyncGenerator[httpx2.AsyncClient, None]:
    """Give a client that sees errors as responses, while the lifespan of *app* runs; *parent* is what it calls."""
    transport = httpx2.ASGITransport(parent or app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client,
    ):
        yield client


async def require_token(authorization: Annotated[str | None, Header()] = None) -> None:
    """Let nobody in who does not know the word."""
    if authorization != "Bearer secret":
        raise HTTPException(401, "say the word")


class TestDependencies:
    async def test_app_wide_dependency_denies_every_operation(self, make: Callable[..., FastAPI]) -> None:
        """An application that asks for a token the documented way answers nothing without one."""
        app = make(dependencies=[Depends(require_token)])
        operations = [(method, path) for path, item in app.openapi()["paths"].items() for method in item]
        assert len(operations) >= 10
        async with client_of(app) as client:
            for method, path in operations:
                response = await client.request(method, path.replace("{", "").replace("}", ""), json={})
                assert 401 == response.status_code, (method, path)
            assert 200 == (await client.get("/users/", headers={"authorization": "Bearer secret"})).status_code

    async def test_override_replaces_app_wide_dependency(self, make: Callable[..., FastAPI]) -> None:
        """A test that has no token replaces the check by `app.dependency_overrides`."""
        app = make(dependencies=[Depends(require_token)])
        app.dependency_overrides[require_token] = lambda: None
        async with client_of(app) as client:
            assert 200 == (await client.get("/users/")).status_code

    async def test_router_dependency_guards_that_router_alone(self, app: FastAPI, client: httpx2.AsyncClient) -> None:
        """`include_router(..., dependencies=[...])` guards the routes included so, and no others."""
        app.include_router(routes.router, prefix="/guarded", dependencies=[Depends(require_token)])
        assert 401 == (await client.get("/guarded/users/")).status_code
        assert 200 == (await client.get("/users/")).status_code

    async def test_override_replaces_session_dependency(self, app: FastAPI, client: httpx2.AsyncClient) -> None:
        """`get_async_db` is overridden as in any FastAPI application."""

        @app.get("/session")
        async def session(db: AsyncSessionDep) -> str:
            return type(db).__name__

        async def fake() -> AsyncIterator[object]:
            yield object()

        assert "AsyncWriteSession" == (await client.get("/session")).json()
        app.dependency_overrides[get_async_db] = fake
        assert "object" == (await client.get("/session")).json()

    async def test_generator_dependency_sees_the_endpoint_fail(self, app: FastAPI, client: httpx2.AsyncClient) -> None:
        """Code after a `yield` gets the exception, and the request's session is still open there."""
        seen: list[object] = []

        async def watch(db: AsyncSessionDep) -> AsyncIterator[None]:
            try:
                yield
            except HTTPException as error:
                seen.extend([error.status_code, await db.scalar(COUNT)])
                raise

        @app.get("/failing", dependencies=[Depends(watch)])
        async def failing() -> None:
            raise HTTPException(418)

        assert 418 == (await client.get("/failing")).status_code
        assert [418, 0] == seen


class TestRouters:
    async def test_routers_nest_under_prefixes(self, app: FastAPI, client: httpx2.AsyncClient) -> None:
        """A router inside a router has both prefixes, in its paths, its Location and the document."""
        outer = APIRouter(prefix="/api")
        outer.include_router(routes.router, prefix="/v1")
        app.include_router(outer)
        created = await client.post("/api/v1/users/", json=ANN)
        assert (201, "/api/v1/users/1") == (created.status_code, created.headers["location"])
        assert 200 == (await client.get(created.headers["location"])).status_code
        assert "/api/v1/users/{user_id}" in app.openapi()["paths"]

    async def test_method_not_allowed_names_all_methods(self, app: FastAPI, client: httpx2.AsyncClient) -> None:
        """The Allow header of an included path has the methods of each of its routes."""
        app.include_router(routes.router, prefix="/api")
        response = await client.request("TRACE", "/api/users/1")
        assert (405, "DELETE, GET, HEAD") == (response.status_code, response.headers["allow"])

    async def test_request_is_named_by_its_full_path(self, app: FastAPI, client: httpx2.AsyncClient) -> None:
        """Logs call a request by its route with every prefix, and tell two inclusions of one router apart."""
        router = APIRouter(prefix="/tasks")

        @router.get("/{number}")
        async def task(number: int) -> str:
            return f"{number} {current_task.get()}"

        outer = APIRouter(prefix="/outer")
        outer.include_router(router)
        app.include_router(router, prefix="/one")
        app.include_router(outer, prefix="/two")
        assert "1 GET /one/tasks/{number}" == (await client.get("/one/tasks/1")).json()
        assert "2 GET /two/outer/tasks/{number}" == (await client.get("/two/outer/tasks/2")).json()

    async def test_url_for_finds_included_routes(self, app: FastAPI, client: httpx2.AsyncClient) -> None:
        """`url_for` makes links to endpoints by their names."""

        @app.get("/link")
        async def link(request: Request) -> str:
            return request.url_for("get_user", user_id=7).path

        assert "/users/7" == (await client.get("/link")).json()


class TestMounting:
    async def test_mounted_application_serves(self, app: FastAPI) -> None:
        """Under another application it opens its own scopes, and logs call its requests by the whole path."""

        @app.get("/task/{number}")
        async def task(number: int) -> str:
            return f"{number} {current_task.get()}"

        parent = FastAPI()
        parent.mount("/service", app)
        async with client_of(app, parent) as client:
            assert 201 == (await client.post("/service/users/", json=ANN)).status_code
            assert "ann" == (await client.get("/service/users/1")).json()["username"]
            assert "1 GET /service/task/{number}" == (await client.get("/service/task/1")).json()

    async def test_missing_slash_is_added_in_a_mounted_application(self, app: FastAPI) -> None:
        """The redirect has the whole path and no host. An unknown path is still not found."""
        parent = FastAPI(redirect_slashes=False)
        parent.mount("/service", app)
        async with client_of(app, parent) as client:
            redirected = await client.get("/service/users?limit=1")
            assert (307, "/service/users/?limit=1") == (redirected.status_code, redirected.headers["Location"])
            assert 404 == (await client.get("/service/nothing")).status_code

    async def test_other_application_is_mounted(self, app: FastAPI, client: httpx2.AsyncClient) -> None:
        """An application inside this one has no container of its own, and answers what it answers."""
        child = FastAPI()
        child.get("/hello")(lambda: "hello")
        app.mount("/child", child)
        assert "hello" == (await client.get("/child/hello")).json()


class TestRequests:
    async def test_background_task_works_in_a_fresh_session(
        self, app: FastAPI, client: httpx2.AsyncClient, container: ApplicationContainer
    ) -> None:
        """What a task asks for is made after the response, and closed when the task is done."""
        sessions: list[AsyncSession] = []

        async def work() -> None:
            session = container.database.async_session()
            sessions.append(session)
            session.add(User(**ANN))
            await session.commit()

        @app.post("/later")
        async def later(tasks: BackgroundTasks, db: AsyncSessionDep) -> None:
            sessions.append(db)
            tasks.add_task(work)

        assert 200 == (await client.post("/later")).status_code
        assert 2 == len(set(sessions))
        assert 1 == (await client.get("/users/")).json()["total"]

    async def test_stream_reads_while_it_is_sent(self, app: FastAPI, client: httpx2.AsyncClient) -> None:
        """The session of a streaming response lives until the last chunk."""

        @app.get("/stream")
        async def stream(db: AsyncSessionDep) -> StreamingResponse:
            async def body() -> AsyncIterator[str]:
                for _ in range(3):
                    yield str(await db.scalar(COUNT))

            return StreamingResponse(body())

        assert "000" == (await client.get("/stream")).text

    async def test_exception_handler_answers(self, app: FastAPI, client: httpx2.AsyncClient) -> None:
        """A handler that the author registers is used."""

        class TeapotError(Exception):
            """Raised by the endpoint."""

        async def answer(_: Request, __: Exception) -> Any:
            return StreamingResponse(iter(["short and stout"]), 418)

        @app.get("/teapot")
        async def teapot() -> None:
            raise TeapotError

        app.add_exception_handler(TeapotError, answer)
        response = await client.get("/teapot")
        assert (418, "short and stout") == (response.status_code, response.text)

    async def test_middleware_wraps_requests(self, app: FastAPI, client: httpx2.AsyncClient) -> None:
        """`@app.middleware("http")` works, though plain ASGI is the better way."""

        @app.middleware("http")
        async def stamp(request: Request, proceed: Callable[[Request], Any]) -> Any:
            response = await proceed(request)
            response.headers["x-stamp"] = "yes"
            return response

        created = await client.post("/users/", json=ANN)
        assert (201, "yes") == (created.status_code, created.headers["x-stamp"])

    async def test_services_come_before_and_after_other_parameters(
        self, app: FastAPI, client: httpx2.AsyncClient
    ) -> None:
        """FastAPI fills the parameters at any place in the signature."""

        @app.get("/mixed/{number}")
        async def mixed(users: UsersDep, number: int, db: AsyncSessionDep, q: str = "x") -> list[object]:
            return [type(users).__name__, number, type(db).__name__, q]

        assert ["UserService", 3, "AsyncWriteSession", "y"] == (await client.get("/mixed/3?q=y")).json()

    def test_websocket_opens_a_scope_per_message(self, app: FastAPI, container: ApplicationContainer) -> None:
        """A WebSocket route is an ordinary one; each message has its own session."""

        @app.websocket("/count")
        async def count(socket: WebSocket) -> None:
            await socket.accept()
            async for _ in socket.iter_text():
                async with scope():
                    users = await container.database.async_session().scalar(COUNT)
                await socket.send_text(f"{users} users")
                if users:
                    break
            await socket.close()

        with TestClient(app) as client, client.websocket_connect("/count") as socket:
            socket.send_text("how many?")
            assert "0 users" == socket.receive_text()
            client.post("/users/", json=ANN)
            socket.send_text("and now?")
            assert "1 users" == socket.receive_text()


class TestLifespan:
    def test_lifespan_state_reaches_requests(self, make: Callable[..., FastAPI]) -> None:
        """The state that an outer lifespan yields is the request's, and ours still opens and closes."""
        app = make()
        inner = app.router.lifespan_context

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncGenerator[dict[str, str], None]:
            async with inner(app):
                yield {"greeting": "hello"}

        app.router.lifespan_context = lifespan
        app.get("/greeting")(greet)
        with TestClient(app) as client:
            assert "hello" == client.get("/greeting").json()
            assert 201 == client.post("/users/", json=ANN).status_code

    def test_application_starts_again(self, app: FastAPI) -> None:
        """An application that was shut down can be started again over the same container."""
        for name in ("ann", "bob"):
            with TestClient(app) as client:
                values = {"email": f"{name}@example.com", "username": name}
                assert 201 == client.post("/users/", json=values).status_code


async def greet(request: Request) -> str:
    """Return what the lifespan yielded."""
    return str(request.state.greeting)


async def test_telemetry_can_be_turned_off(make: Callable[..., FastAPI], caplog: pytest.LogCaptureFixture) -> None:
    """FastAPI's telemetry is its author's to configure; nothing of ours depends on it."""
    app = make(telemetry={"tracing": False, "metrics": False, "logs": False})
    with caplog.at_level(logging.WARNING):
        async with client_of(app) as client:
            assert 201 == (await client.post("/users/", json=ANN)).status_code
    assert [] == caplog.messages
