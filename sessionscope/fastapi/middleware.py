"""A scope for each HTTP request, as plain ASGI."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from starlette.requests import Request

from sessionscope.database.checkouts import current_task
from sessionscope.fastapi.cancellation import WithItsThreads
from sessionscope.fastapi.injection import CONTAINER, container_in
from sessionscope.fastapi.routes import route_template
from sessionscope.lifetimes.errors import NotInRequestError, RequestFailedError
from sessionscope.lifetimes.scopes import Scope, current_scope

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

FIRST_ERROR: Final = 400
WITHOUT_BODY: Final = (204, 304)


class ScopeMiddleware:
    """Open a scope per HTTP request; close it before the last byte of the response leaves.

    So a slow reader holds no connection, who has the response reads what was written, and a
    teardown that fails is not answered with a success. A streamed body keeps the scope to
    its end. A background task runs after the response, in the same scope, now empty: what it
    asks for is made anew, and closed when it is done. WebSockets open a scope per message,
    by hand.
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
            # A caller that runs the application in its own context would keep the request and the application alive.
            current_task.reset(token)


def current_request() -> Request:
    """Return the request that the current scope was opened for, in its threads too.

    As a provider, ``request = providers.Callable(current_request)``, it feeds objects of the scope: a tenant, a
    locale, who is asking. The body is for FastAPI to read.

    Raises:
        NotInRequestError: The scope is that of a job or a test.
        ScopeError: No scope is open.
    """
    origin = current_scope().origin
    if origin is None:
        raise NotInRequestError("the current scope was not opened for a request: override the provider that needs one")
    return Request(origin)


class _Request:
    """What a request is called in logs: the route's path, for ids are many and say little."""

    __slots__ = ("_scope",)

    def __init__(self, scope: MutableMapping[str, Any]) -> None:
        self._scope = scope

    def __str__(self) -> str:
        return f"{self._scope['method']} {route_template(self._scope) or self._scope['path']}"


class _Response:
    """The way out of one response, with the end of the scope in it."""

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
                # Not sent before the scope has ended well.
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
