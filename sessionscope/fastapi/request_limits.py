"""What is refused before the application sees it: long bodies, and requests whose length has two readings."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sessionscope.errors import ProblemType
from sessionscope.fastapi.problem_types import AMBIGUOUS_REQUEST, BODY_TOO_LARGE
from sessionscope.fastapi.problems import ProblemError, problem

# A client reads no response before it has sent its body, and a connection that is closed while it sends is reset,
# with the response in it. So the rest of a refused body is read and thrown away, but not for ever.
LINGER_SECONDS: Final = 2
LINGER_BYTES: Final = 20_000_000


class RequestLimitsMiddleware:
    """Refuse requests that are too large, or ambiguous to a proxy, and close their connection.

    A body is measured by its Content-Length before the application is called, and otherwise while it is read:
    then reading raises `ProblemError`, so nothing that the application does after that commits.

    Args:
        app: What to protect.
        max_body_size: Returns the longest body, in bytes; called once per request.
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
            # Raised here, or by a body that something outside of the routes has read.
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
        """Raise `ProblemError` where the headers are reason enough to refuse the request."""
        length = self._headers.get(b"content-length")
        if b"transfer-encoding" in self._headers and length is not None:
            # Request smuggling: a proxy that goes by one of them sees other requests on this connection than
            # we do. httptools refuses both together itself, h11 doesn't; with two hosts it is the other way round.
            self._refuse(AMBIGUOUS_REQUEST, "Content-Length and Transfer-Encoding exclude each other")
        if self._hosts > 1:
            self._refuse(AMBIGUOUS_REQUEST, "the request has several Host headers: send one")
        if length is not None and length.isdigit() and int(length) > self._most:
            self._refuse(BODY_TOO_LARGE, f"a body may have {self._most:,} bytes")

    async def receive(self) -> Message:
        """Return the next part of the body, which is measured."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            self._is_read = not message.get("more_body", False)
            if self._size > self._most:
                if self.has_started:
                    return {"type": "http.disconnect"}
                self._refuse(BODY_TOO_LARGE, f"a body may have {self._most:,} bytes")
        return message

    async def send(self, message: Message) -> None:
        """Pass on a part of the response; one that comes before the end of an endless body closes the connection."""
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
        """Read what is still to come of the body, for a while."""
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
