"""Refused bodies in different applications, over plain ASGI."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sessionscope.fastapi.error_handlers import install_problems
from sessionscope.fastapi.problem_types import BODY_TOO_LARGE
from sessionscope.fastapi.problems import ProblemError
from sessionscope.fastapi.request_limits import RequestLimitsMiddleware

LIMIT = 10
CHUNKED = (b"transfer-encoding", b"chunked")


async def call(app: ASGIApp, *parts: bytes, headers: tuple[tuple[bytes, bytes], ...] = (CHUNKED,)) -> list[Message]:
    """Send a POST with a body of *parts*; return what came back."""
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": list(headers)}
    messages: list[Message] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages[-1]["more_body"] = False
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await RequestLimitsMiddleware(app, lambda: LIMIT)(scope, receive, send)
    return sent


async def answered(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer without a look at the body."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})


class TestRefusals:
    async def test_long_body_is_refused_in_a_middleware(self) -> None:
        """A middleware of the service's own may read the body; nothing of FastAPI turns its error into a response."""

        async def reading(scope: Scope, receive: Receive, _: Send) -> None:
            await Request(scope, receive).body()
            raise AssertionError

        start, *_ = await call(reading, b"x" * 6, b"x" * 6)
        assert (413, (b"connection", b"close")) == (start["status"], start["headers"][-1])

    async def test_an_endpoint_that_reads_the_stream_does_not_go_on(self) -> None:
        """The endpoint gets an exception, so it does nothing after that."""
        app = FastAPI()
        install_problems(app)
        read: list[bytes] = []

        @app.post("/")
        async def consume(request: Request) -> None:
            read.extend([part async for part in request.stream()])
            raise AssertionError

        start, *_ = await call(app, b"x" * 6, b"x" * 6, b"x")
        assert (413, []) == (start["status"], read)

    async def test_after_the_start_of_a_response_the_client_is_gone(self) -> None:
        """A second response is impossible: the application is told that nobody listens."""
        seen: list[str] = []

        async def echo(_: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while "http.disconnect" not in seen:
                seen.append((await receive())["type"])

        start, *_ = await call(echo, b"x" * 6, b"x" * 6)
        assert (200, ["http.request", "http.disconnect"]) == (start["status"], seen)

    async def test_an_error_after_the_start_is_not_answered_again(self) -> None:
        """The server ends the connection."""

        async def late(scope: Scope, receive: Receive, send: Send) -> None:
            await answered(scope, receive, send)
            raise ProblemError(BODY_TOO_LARGE, "")

        with pytest.raises(ProblemError):
            await call(late, b"x")


class TestConnections:
    @pytest.mark.parametrize(
        ("application", "headers", "is_closed"),
        [("ignores", (CHUNKED,), True), ("ignores", ((b"content-length", b"2"),), False), ("reads", (CHUNKED,), False)],
        ids=["chunked, not read", "with a length, not read", "chunked, read"],
    )
    async def test_a_connection_ends_where_its_next_request_is_unknown(
        self, application: str, headers: tuple[tuple[bytes, bytes], ...], is_closed: bool
    ) -> None:
        """A body without a length, of which nobody read the end, may be endless."""

        async def reads(scope: Scope, receive: Receive, send: Send) -> None:
            await Request(scope, receive).body()
            await answered(scope, receive, send)

        apps: dict[str, Callable[[Scope, Receive, Send], Awaitable[None]]] = {"ignores": answered, "reads": reads}
        start, *_ = await call(apps[application], b"xx", headers=headers)
        assert is_closed == ((b"connection", b"close") in start["headers"])

    async def test_the_response_is_whole_before_the_rest_of_the_body_is_read(self) -> None:
        """A client may wait for the response before it stops sending."""
        sent = await call(answered, *[b"x"] * 20)
        assert [b"done", b""] == [message["body"] for message in sent[1:]]
        assert [True, False] == [message.get("more_body", False) for message in sent[1:]]

    async def test_other_protocols_pass(self) -> None:
        """Neither a WebSocket nor the lifespan has a body."""
        seen: list[str] = []

        async def app(scope: Scope, *_: Any) -> None:
            seen.append(scope["type"])

        async def nothing(*_: Any) -> Any:
            raise AssertionError

        await RequestLimitsMiddleware(app, lambda: LIMIT)({"type": "websocket"}, nothing, nothing)
        assert ["websocket"] == seen
