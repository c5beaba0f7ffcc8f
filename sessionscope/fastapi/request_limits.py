"""Refuses requests before the application sees them: long bodies, and requests with an ambiguous length."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sessionscope.errors import ProblemType
from sessionscope.fastapi.problem_types import AMBIGUOUS_REQUEST, BODY_TOO_LARGE
from sessionscope.fastapi.problems import ProblemError, problem

# A client reads the response only after it has sent its body. If the server closes the connection before that, the
# client gets a reset instead of the response. So we read and discard the rest of a refused body, within limits.
LINGER_SECONDS: Final = 2
LINGER_BYTES: Final = 20_000_000


class RequestLimitsMiddleware:
    """Refuses requests that are too large, or ambiguous to a proxy, and closes their connection.

    If a request has a Content-Length, its body is checked before the application is called. Otherwise reading too
    much of the body raises `ProblemError`, so the application doesn't get to commit.

    Args:
        app: The application to protect.
        max_body_size: Returns the length of the longest body in bytes. It is called once per request.
    """

    def __init__(self, app: ASGIApp, max_body_size: Callable[[], int]) -> None:
        self.app = app
        self._max_body_size = max_body_size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._max_body_size())
        try:
            exchange.check()
            await self.app(scope, exchange.receive, exchange.send)
        except ProblemError as error:
            # Raised by `check`, or by a body that was read outside of the routes.
            if exchange.has_started:
                raise
            await problem(Request(scope), error.kind, error.detail)(scope, exchange.receive, exchange.send)


class _Exchange:
    """One request and its response."""

    __slots__ = ("_headers", "_hosts", "_is_closing", "_is_read", "_most", "_receive", "_send", "_size", "has_started")

    def __init__(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        self._hosts = sum(name == b"host" for name, _ in scope["headers"])
        self._receive, self._send, self._most = receive, send, most
        self._size = 0
        self._is_read = self._is_closing = self.has_started = False

    def check(self) -> None:
        """Raise `ProblemError` if the headers alone are a reason to refuse the request."""
        length = self._headers.get(b"content-length")
        if b"transfer-encoding" in self._headers and length is not None:
            # Request smuggling: a proxy that uses the other header sees different requests on this connection.
            # httptools refuses this combination itself, and h11 doesn't. For two Host headers, it is the reverse.
            self._refuse(AMBIGUOUS_REQUEST, "Content-Length and Transfer-Encoding exclude each other")
        if self._hosts > 1:
            self._refuse(AMBIGUOUS_REQUEST, "the request has several Host headers: send one")
        if length is not None and length.isdigit() and int(length) > self._most:
            self._refuse(BODY_TOO_LARGE, f"a body may have at most {self._most:,} bytes")

    async def receive(self) -> Message:
        """Return the next part of the body, and count its bytes."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            self._is_read = not message.get("more_body", False)
            if self._size > self._most:
                if self.has_started:
                    return {"type": "http.disconnect"}
                self._refuse(BODY_TOO_LARGE, f"a body may have at most {self._most:,} bytes")
        return message

    async def send(self, message: Message) -> None:
        """Pass on a part of the response. If the response starts before a chunked body ends, close the connection."""
        if message["type"] == "http.response.start":
            self.has_started = True
            self._is_closing |= b"transfer-encoding" in self._headers and not self._is_read
            if self._is_closing:
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        elif self._is_closing and message["type"] == "http.response.body" and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._linger()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    def _refuse(self, kind: ProblemType, detail: str) -> None:
        self._is_closing = True
        raise ProblemError(kind, detail)

    async def _linger(self) -> None:
        """Read and discard the rest of the body, within limits."""
        is_waiting = b"expect" in self._headers and not self._size
        if self._is_read or is_waiting:
            return
        most = self._size + LINGER_BYTES
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while self._size < most:
                    message = await self._receive()
                    self._size += len(message.get("body", b""))
                    if message["type"] != "http.request" or not message.get("more_body", False):
                        return
        except TimeoutError:
            return
