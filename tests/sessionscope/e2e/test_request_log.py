"""Over real connections, each request has an id and one line, however its client behaves."""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Generator
from typing import Any, Final

import httpx2
import pytest
from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from websockets.sync.client import connect

from sessionscope.fastapi.error_handlers import install_problems
from sessionscope.fastapi.request_log import FinishedRequest, log_requests, request_finished
from sessionscope.fastapi.server.http_parser import http_protocol
from sessionscope.testing.serving import Server, serving

pytestmark = pytest.mark.isolation("none")

PATIENCE_SECONDS: Final = 10
SILENT: Final = logging.CRITICAL + 1


@pytest.fixture(name="finished")
def _finished() -> Generator[list[FinishedRequest], None, None]:
    """Give a list that gets each request that has ended."""
    finished: list[FinishedRequest] = []
    request_finished.add(finished.append)
    yield finished
    request_finished.remove(finished.append)


@pytest.fixture(name="server", params=["h11", "httptools"])
def _server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Generator[Server, None, None]:
    """Give a server, with each of uvicorn's parsers."""
    app = FastAPI()
    log_requests(app)
    install_problems(app)
    app.get("/endless")(endless)
    app.get("/failing")(fail)
    app.websocket("/rooms/{room}")(talk)
    # The server logs the traceback.
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "level", SILENT)
    with serving(app, "h11" if request.param == "h11" else http_protocol()) as server:
        yield server


async def endless() -> StreamingResponse:
    """Send until the client leaves."""

    async def body() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1000
            await asyncio.sleep(0.001)

    return StreamingResponse(body())


async def fail() -> None:
    """Fail."""
    raise ValueError("oh")


async def talk(socket: WebSocket, room: str) -> None:
    """Say the name of the room."""
    await socket.accept()
    await socket.send_text(room)
    await socket.close()


def wait_for(finished: list[FinishedRequest]) -> FinishedRequest:
    """Return the request that ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not finished and time.monotonic() < deadline:
        time.sleep(0.01)
    [request] = finished
    return request


class TestServer:
    @pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/failing", 500)])
    def test_id_goes_in_and_out(self, server: Server, path: str, status: int) -> None:
        """Whether a route, a handler or nothing answers."""
        for given, is_kept in (("abc-1", True), ("x" * 200, False)):
            response = httpx2.get(f"{server.url}{path}", headers={"X-Request-ID": given})
            assert (status, is_kept) == (response.status_code, response.headers["x-request-id"] == given)

    def test_client_that_leaves_ends_the_stream(self, server: Server, finished: list[FinishedRequest]) -> None:
        """The line doesn't say that the response was complete."""
        with socket.create_connection((server.host, server.port), PATIENCE_SECONDS) as client:
            client.sendall(b"GET /endless HTTP/1.1\r\nHost: test\r\n\r\n")
            assert client.recv(1000)
        request = wait_for(finished)
        assert ("/endless", 200, "disconnected") == (request.route, request.status, request.outcome)

    def test_websocket_has_an_id_and_a_line(self, server: Server, caplog: Any) -> None:
        """The header is in the handshake's response."""
        caplog.set_level(logging.INFO, "sessionscope.requests")
        url = f"ws://{server.host}:{server.port}/rooms/a?token=s3cr3t"
        with connect(url, additional_headers={"X-Request-ID": "abc-1"}) as client:
            assert "a" == client.recv(PATIENCE_SECONDS)
            assert client.response is not None
            assert "abc-1" == client.response.headers["X-Request-ID"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not caplog.messages and time.monotonic() < deadline:
            time.sleep(0.01)
        [line] = caplog.messages
        assert line.startswith("WebSocket /rooms/{room} 101 closed with 1000 after ")
