"""Each request gets one line and an id, however it ends."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import suppress
from typing import Any, Final

import httpx2
import pytest
from fastapi import (
    APIRouter,
    BackgroundTasks,
    FastAPI,
    HTTPException,
    Request,
    WebSocket,
    WebSocketDisconnect,
    WebSocketException,
)
from fastapi.responses import StreamingResponse
from starlette.testclient import TestClient

from sessionscope.errors import NotFoundError
from sessionscope.fastapi.error_handlers import install_problems
from sessionscope.fastapi.head import HeadMiddleware
from sessionscope.fastapi.request_log import WITHOUT_LINE, FinishedRequest, log_requests, request_finished
from sessionscope.request_ids import REQUEST_LOGGER, current_ids

PAUSE_SECONDS: Final = 0.05
Message = dict[str, Any]


@pytest.fixture(name="finished")
def _finished() -> Generator[list[FinishedRequest], None, None]:
    """Give a list that gets each request that has ended."""
    finished: list[FinishedRequest] = []
    request_finished.add(finished.append)
    yield finished
    request_finished.remove(finished.append)


@pytest.fixture(name="app")
def _app() -> FastAPI:
    """Give an application, to which a test adds routes."""
    app = FastAPI()
    app.add_middleware(HeadMiddleware)
    log_requests(app)
    install_problems(app)
    return app


@pytest.fixture(name="lines")
def _lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Give a function that returns the lines, without the time that the requests took."""
    caplog.set_level(logging.INFO, REQUEST_LOGGER)

    def lines() -> list[str]:
        messages = [record.getMessage() for record in caplog.records if record.name == REQUEST_LOGGER]
        return [re.sub(r" [\d.]+ ms for", "", message) for message in messages]

    return lines


async def ask(app: FastAPI, path: str, method: str = "GET", **headers: str) -> httpx2.Response:
    """Send a request; an error is a response."""
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, path, headers={key.replace("_", "-"): headers[key] for key in headers})


async def serve(app: FastAPI, path: str, receive: Any, send: Any) -> None:
    """Call the application as a server does."""
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "query_string": b"", "headers": []}
    await app({**scope, "client": None, "server": None, "scheme": "http"}, receive, send)


async def never() -> Message:
    """Wait for a message that doesn't come."""
    await asyncio.Event().wait()
    return {}


class TestLine:
    async def test_line_has_the_route_and_not_the_values(self, app: FastAPI, lines: Callable[[], list[str]]) -> None:
        """Neither the path nor the query is shown."""
        app.get("/users/{user_id}")(lambda user_id: user_id)
        await ask(app, "/users/s3cr3t?token=s3cr3t")
        assert ["GET /users/{user_id} 200 in 127.0.0.1"] == lines()

    async def test_record_has_fields(self, app: FastAPI, lines: Any, caplog: pytest.LogCaptureFixture) -> None:
        """A collector of JSON lines needs no pattern."""
        app.get("/users/{user_id}")(lambda user_id: user_id)
        await ask(app, "/users/1")
        [found] = [record for record in caplog.records if record.name == REQUEST_LOGGER]
        names = ("method", "route", "status", "outcome", "client")
        assert ["GET", "/users/{user_id}", 200, "completed", "127.0.0.1"] == [vars(found)[name] for name in names]
        assert vars(found)["duration_ms"] > 0
        assert 1 == len(lines())

    async def test_path_without_a_route_can_not_forge_a_line(
        self, app: FastAPI, lines: Callable[[], list[str]]
    ) -> None:
        """It is shown escaped and cut, and without its query."""
        await ask(app, "/a%0aFORGED%1b%5b31m?token=s3cr3t")
        await ask(app, f"/{'x' * 5000}")
        assert ["GET /a\\nFORGED\\x1b[31m 404 in 127.0.0.1", f"GET /{'x' * 198}… 404 in 127.0.0.1"] == lines()

    async def test_router_under_two_prefixes_is_two_routes(self, app: FastAPI, lines: Callable[[], list[str]]) -> None:
        """The prefix of the router is in the line, also of one that was included after the first request."""
        router = APIRouter(prefix="/tasks")
        router.get("/{number}")(lambda number: number)
        app.include_router(router, prefix="/one")
        await ask(app, "/one/tasks/1")
        outer = APIRouter(prefix="/two")
        outer.include_router(router, prefix="/{tenant}")
        app.include_router(outer)
        await ask(app, "/two/acme/tasks/1")
        await ask(app, "/one/tasks/2", "DELETE")
        expected = ["GET /one/tasks/{number} 200", "GET /two/{tenant}/tasks/{number} 200"]
        assert [f"{line} in 127.0.0.1" for line in (*expected, "DELETE /one/tasks/{number} 405")] == lines()

    async def test_mounted_application_leaves_the_line_to_the_outer_one(
        self, app: FastAPI, lines: Callable[[], list[str]]
    ) -> None:
        """The line has the whole path, although both log requests."""
        child = FastAPI()
        child.get("/tasks/{number}")(lambda number: number)
        log_requests(child)
        app.mount("/child", child)
        await ask(app, "/child/tasks/1")
        assert ["GET /child/tasks/{number} 200 in 127.0.0.1"] == lines()

    async def test_head_has_the_route_of_get(self, app: FastAPI, lines: Callable[[], list[str]]) -> None:
        """The method is the client's."""
        app.get("/users/{user_id}")(lambda user_id: user_id)
        await ask(app, "/users/1", "HEAD")
        assert ["HEAD /users/{user_id} 200 in 127.0.0.1"] == lines()

    async def test_endpoint_can_leave_the_line_out(
        self, app: FastAPI, lines: Callable[[], list[str]], finished: list[FinishedRequest]
    ) -> None:
        """A page that asks every two seconds doesn't fill the log, and is counted like others."""

        def poll(request: Request) -> None:
            request.scope[WITHOUT_LINE] = True

        app.get("/poll")(poll)
        await ask(app, "/poll")
        assert ([], ["/poll"]) == (lines(), [request.route for request in finished])

    async def test_log_can_be_off(
        self, app: FastAPI, finished: list[FinishedRequest], lines: Callable[[], list[str]], caplog: Any
    ) -> None:
        """Observers see the request all the same, and the response has the id."""
        caplog.set_level(logging.WARNING, REQUEST_LOGGER)
        response = await ask(app, "/nowhere")
        assert ([], 16) == (lines(), len(response.headers["x-request-id"]))
        assert [("GET", None, 404, "completed")] == [(*each[:3], each.outcome) for each in finished]


class TestDuration:
    async def test_stream_lasts_to_its_end(self, app: FastAPI, finished: list[FinishedRequest]) -> None:
        """The head of the response is not the end."""

        async def body() -> AsyncIterator[bytes]:
            yield b"1"
            await asyncio.sleep(PAUSE_SECONDS)
            yield b"2"

        app.get("/stream")(lambda: StreamingResponse(body()))
        assert "12" == (await ask(app, "/stream")).text
        [request] = finished
        assert ("completed", True) == (request.outcome, request.seconds >= PAUSE_SECONDS)

    async def test_background_tasks_do_not_count(self, app: FastAPI, finished: list[FinishedRequest]) -> None:
        """The request has its line before the task ends. If the task fails, that is another line."""
        seen: list[int] = []

        async def work() -> None:
            seen.append(len(finished))
            raise ValueError("later")

        @app.get("/later")
        async def later(tasks: BackgroundTasks) -> None:
            tasks.add_task(work)

        await ask(app, "/later")
        assert ([1], ["completed"]) == (seen, [request.outcome for request in finished])


class TestFailures:
    async def test_unexpected_error_is_a_500_with_an_id(self, app: FastAPI, lines: Callable[[], list[str]]) -> None:
        """Its response is made outside of the middlewares, and is named all the same."""

        @app.get("/failing/{number}")
        async def fail(number: int) -> None:
            raise ValueError(number)

        response = await ask(app, "/failing/1", x_request_id="abc-1")
        assert (500, "abc-1") == (response.status_code, response.headers["x-request-id"])
        assert ["GET /failing/{number} 500 failed after 127.0.0.1"] == lines()

    @pytest.mark.parametrize("error", [HTTPException(418), NotFoundError("user", 1)], ids=["http", "service"])
    async def test_expected_error_is_a_response(
        self, app: FastAPI, lines: Callable[[], list[str]], error: Exception
    ) -> None:
        """A handler has made it."""

        @app.get("/failing")
        async def fail() -> None:
            raise error

        response = await ask(app, "/failing")
        assert [f"GET /failing {response.status_code} in 127.0.0.1"] == lines()

    async def test_body_that_breaks_off_is_told(self, app: FastAPI, lines: Callable[[], list[str]]) -> None:
        """The status was sent before."""

        async def body() -> AsyncIterator[bytes]:
            yield b"1"
            raise ValueError("oh")

        app.get("/stream")(lambda: StreamingResponse(body()))
        await ask(app, "/stream")
        assert ["GET /stream 200 failed after 127.0.0.1"] == lines()

    async def test_cancelled_request_is_cut_off(self, app: FastAPI, lines: Callable[[], list[str]]) -> None:
        """It has no status."""
        begun = asyncio.Event()

        @app.get("/slow")
        async def slow() -> None:
            begun.set()
            await never()

        task = asyncio.ensure_future(serve(app, "/slow", never, None))
        await begun.wait()
        task.cancel()
        await asyncio.wait([task])
        assert (True, ["GET /slow cut off after -"]) == (task.cancelled(), lines())

    async def test_client_that_leaves_ends_a_stream(self, app: FastAPI, lines: Callable[[], list[str]]) -> None:
        """The rest of the body is not asked for."""

        async def body() -> AsyncIterator[bytes]:
            while True:
                yield b"1"
                await asyncio.sleep(0)

        async def leave() -> Message:
            return {"type": "http.disconnect"}

        async def send(_: Message) -> None:
            await asyncio.sleep(0)

        app.get("/endless")(lambda: StreamingResponse(body()))
        await serve(app, "/endless", leave, send)
        assert ["GET /endless 200 left by the client after -"] == lines()


class TestIds:
    async def test_id_is_seen_by_the_request_and_its_threads(self, app: FastAPI) -> None:
        """Requests at the same time have ids of their own, and none remains."""

        @app.get("/async")
        async def in_loop() -> str:
            await asyncio.sleep(0)
            return str(current_ids.get())

        @app.get("/sync")
        def in_thread() -> str:
            return str(current_ids.get())

        names = [f"id-{number}" for number in range(8)]
        paths = ["/async", "/sync"] * 4
        responses = await asyncio.gather(
            *(ask(app, path, x_request_id=name) for path, name in zip(paths, names, strict=True))
        )
        assert names == [response.headers["x-request-id"] for response in responses]
        assert all(name in response.text for name, response in zip(names, responses, strict=True))
        assert current_ids.get() is None

    async def test_id_that_the_application_sends_stays(self, app: FastAPI) -> None:
        """There is one header."""

        @app.middleware("http")
        async def name(request: Any, proceed: Any) -> Any:
            response = await proceed(request)
            response.headers["X-Request-ID"] = "mine"
            return response

        log_requests(app)
        assert "mine" == (await ask(app, "/")).headers["x-request-id"]


class TestWebSockets:
    def test_connection_is_one_line(self, app: FastAPI, lines: Callable[[], list[str]]) -> None:
        """It has the code that closed it, from either side."""

        @app.websocket("/rooms/{room}")
        async def talk(socket: WebSocket, room: str) -> None:
            await socket.accept()
            if await socket.receive_text() == room:
                await socket.close(4000)
            else:
                with suppress(WebSocketDisconnect):
                    await socket.receive_text()

        with TestClient(app) as client:
            with client.websocket_connect("/rooms/a?token=s3cr3t") as socket:
                socket.send_text("a")
                assert 4000 == socket.receive()["code"]
            with client.websocket_connect("/rooms/a") as socket:
                socket.send_text("b")
                socket.close(1001)
        expected = [f"WebSocket /rooms/{{room}} 101 closed with {code} after testclient" for code in (4000, 1001)]
        assert expected == lines()

    def test_refused_handshake_is_a_line(self, app: FastAPI, lines: Callable[[], list[str]]) -> None:
        """Servers answer it with 403."""

        @app.websocket("/rooms")
        async def refuse(_: WebSocket) -> None:
            raise WebSocketException(1008)

        with TestClient(app) as client, pytest.raises(WebSocketDisconnect), client.websocket_connect("/rooms"):
            pass
        assert ["WebSocket /rooms 403 in testclient"] == lines()

    def test_failure_is_told(self, app: FastAPI, lines: Callable[[], list[str]]) -> None:
        """The endpoint's own, and not that of a client that has left."""

        @app.websocket("/rooms")
        async def fail(socket: WebSocket) -> None:
            await socket.accept()
            raise ValueError(await socket.receive_text())

        with TestClient(app) as client:
            with pytest.raises(ValueError, match="oh"), client.websocket_connect("/rooms") as socket:
                socket.send_text("oh")
                socket.receive()
            with pytest.raises(WebSocketDisconnect), client.websocket_connect("/rooms") as socket:
                socket.close(1001)
        expected = ["101 failed after", "101 closed with 1001 after"]
        assert [f"WebSocket /rooms {ending} testclient" for ending in expected] == lines()
