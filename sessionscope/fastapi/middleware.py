"""A plain ASGI middleware that opens a scope for each HTTP request."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from starlette.requests import Request

from sessionscope.database.checkouts import current_task
from sessionscope.database.repeated_statements import SentStatements
from sessionscope.fastapi.cancellation import WithItsThreads
from sessionscope.fastapi.injection import CONTAINER, container_in
from sessionscope.fastapi.routes import route_template
from sessionscope.lifetimes.errors import NotInRequestError, RequestFailedError
from sessionscope.lifetimes.scopes import Scope, current_scope
from sessionscope.printable import printable

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

FIRST_ERROR: Final = 400
WITHOUT_BODY: Final = (204, 304)


class ScopeMiddleware:
    """Opens a scope per HTTP request, and closes it before the last byte of the response is sent.

    So a slow client doesn't hold a connection, a client that has the response can read what was written, and a
    failed teardown never becomes a successful response. A streamed body keeps the scope open to its end. A
    background task runs after the response in the same scope, which is empty by then: objects that the task asks
    for are made anew, and closed at its end. In a WebSocket, open a scope per message yourself.
    """

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one connection."""
        # For the applications that are mounted in this one.
        scope[CONTAINER] = container_in(scope)
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        token = current_task.set(_Request(scope))
        try:
            async with Scope(scope) as request_scope:
                await WithItsThreads(self.app(scope, receive, _Response(request_scope, send)))
        finally:
            # Otherwise a caller that runs the application in its own context would keep both alive.
            current_task.reset(token)


def current_request() -> Request:
    """Return the request that the current scope was opened for. Threads of the request can call this too.

    As a provider, ``request = providers.Callable(current_request)``, it serves objects that depend on the request,
    such as a tenant, a locale or the current user. Leave reading the body to FastAPI.

    Raises:
        NotInRequestError: The scope belongs to a job or a test.
        ScopeError: No scope is open.
    """
    origin = current_scope().origin
    if origin is None:
        raise NotInRequestError("the current scope was not opened for a request: override the provider that needs one")
    return Request(origin)


class _Request:
    """The name of a request in logs. It has the route's path instead of ids, of which there are too many."""

    __slots__ = ("_scope", "_sent")

    def __init__(self, scope: MutableMapping[str, Any]) -> None:
        self._scope = scope
        self._sent: SentStatements | None = None

    @property
    def sent(self) -> SentStatements:
        """The statements that were sent for the request, as far as they are counted."""
        if self._sent is None:
            self._sent = SentStatements()
        return self._sent

    def __str__(self) -> str:
        return f"{self._scope['method']} {route_template(self._scope) or printable(self._scope['path'])}"


class _Response:
    """Sends one response, and ends the scope before the last part."""

    __slots__ = ("_error", "_scope", "_send", "_start")

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._start: Message | None = None
        self._error: RequestFailedError | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if message["status"] >= FIRST_ERROR:
                self._error = RequestFailedError(message["status"])
            if _is_stream(message):
                await self._send(message)
            else:
                # Hold it back until the scope has ended without an error.
                self._start = message
            return
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            await self._scope.empty(self._error)
        if self._start is not None:
            start, self._start = self._start, None
            await self._send(start)
        await self._send(message)


def _is_stream(start: Message) -> bool:
    if start["status"] in WITHOUT_BODY:
        return False
    return all(name.lower() != b"content-length" for name, _ in start["headers"])
