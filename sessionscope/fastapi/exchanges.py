"""Follows the messages between the server and the application: one request, or one WebSocket."""

from collections.abc import Callable
from time import perf_counter
from typing import Final

from starlette.types import Message, Receive, Scope, Send

from sessionscope.request_ids import HEADER

# How a request or a WebSocket ends.
COMPLETED: Final = "completed"
FAILED: Final = "failed"
DISCONNECTED: Final = "disconnected"
CUT_OFF: Final = "cut_off"

SWITCHING_PROTOCOLS: Final = 101
FORBIDDEN: Final = 403
# A WebSocket that was lost has no code of its own.
ABNORMAL_CLOSURE: Final = 1006


class Exchange:
    """What passes between the server and the application. The first of its ends counts.

    Args:
        scope: The ASGI scope.
        receive: The server's.
        send: The server's.
        request_id: Goes into the headers of the response.
        ended: Called once, with the exchange.

    Attributes:
        scope: The same.
        status: The status of the response, once it has begun.
        close_code: The code of a WebSocket's end.
        outcome: How it ended; empty before.
        seconds: How long it took.
    """

    __slots__ = (
        "_began",
        "_ended",
        "_id",
        "_is_left",
        "_receive",
        "_send",
        "close_code",
        "outcome",
        "scope",
        "seconds",
        "status",
    )

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, request_id: str, ended: Callable[["Exchange"], None]
    ) -> None:
        self.scope = scope
        self.status: int | None = None
        self.close_code: int | None = None
        self.outcome = ""
        self.seconds = 0.0
        self._receive, self._send, self._ended = receive, send, ended
        self._id = request_id.encode()
        self._is_left = False
        self._began = perf_counter()

    def end(self, outcome: str) -> None:
        """Take note of the end, unless it had ended before."""
        if not self.outcome:
            self.outcome = outcome
            self.seconds = perf_counter() - self._began
            self._ended(self)

    def stop(self) -> None:
        """End because the application has returned, although the response is not complete."""
        self.end(self._early_end())

    def fail(self, status: int) -> None:
        """End by an exception, which is answered with *status* unless a response has begun, or the client has left."""
        if self.status is None and not self._is_left:
            self.status = status
        self.end(self._early_end())

    def _early_end(self) -> str:
        # Frameworks stop, or raise an exception, when the client has left.
        return DISCONNECTED if self._is_left else FAILED

    def _with_id(self, message: Message) -> Message:
        headers = message.get("headers", ())
        if any(name.lower() == HEADER for name, _ in headers):
            return message
        return {**message, "headers": [*headers, (HEADER, self._id)]}


class HttpExchange(Exchange):
    """A request and its response, which ends with the last byte of the body."""

    __slots__ = ()

    async def receive(self) -> Message:
        """Return the next part of the body."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._is_left = True
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the response."""
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
            message = self._with_id(message)
        await self._send(message)
        if kind == "http.response.body" and not message.get("more_body", False):
            self.end(COMPLETED)


class WebSocketExchange(Exchange):
    """A WebSocket, from the handshake to the end of the application."""

    __slots__ = ()

    async def receive(self) -> Message:
        """Return the next message of the client."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._is_left = True
            self.close_code = message.get("code", ABNORMAL_CLOSURE)
        return message

    async def send(self, message: Message) -> None:
        """Send a message to the client."""
        kind = message["type"]
        if kind == "websocket.accept":
            self.status = SWITCHING_PROTOCOLS
            message = self._with_id(message)
        elif kind == "websocket.close":
            self._close(message)
        elif kind == "websocket.http.response.start":
            self.status = message["status"]
            message = self._with_id(message)
        await self._send(message)

    def stop(self) -> None:
        """End because the application has returned, as it does after every close."""
        self.end(FAILED if self.status is None else COMPLETED)

    def _close(self, message: Message) -> None:
        if self.status is None:
            # Servers refuse the handshake with this.
            self.status = FORBIDDEN
        else:
            self.close_code = message.get("code", 1000)
