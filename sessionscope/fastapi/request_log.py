"""Logs a line per request, and gives each request an id, which goes into all its lines and into the response."""

import asyncio
import logging
from typing import Any, Final, NamedTuple

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from sessionscope.fastapi.error_handlers import unhandled_status
from sessionscope.fastapi.exchanges import (
    COMPLETED,
    CUT_OFF,
    DISCONNECTED,
    FAILED,
    Exchange,
    HttpExchange,
    WebSocketExchange,
)
from sessionscope.fastapi.routes import route_template
from sessionscope.printable import printable
from sessionscope.request_ids import REQUEST_LOGGER, current_ids, ids_of
from sessionscope.signals import Signal

logger = logging.getLogger(REQUEST_LOGGER)

# Key in an ASGI scope: the request is one of many, such as those of a page that asks every two seconds. An endpoint
# sets it, so a request that is refused before still has its line.
WITHOUT_LINE: Final = "sessionscope.without_line"
# Key in an ASGI scope: a mounted application leaves the log to the one that it is mounted in.
_IDS: Final = "sessionscope.request_ids"
# How the line says how the request ended.
_PHRASES: Final = {
    COMPLETED: "in",
    FAILED: "failed after",
    DISCONNECTED: "left by the client after",
    CUT_OFF: "cut off after",
}


class FinishedRequest(NamedTuple):
    """A request whose response has ended.

    Attributes:
        method: The method.
        route: The full path of the route, such as ``/users/{user_id}``, or None if no route matched.
        status: The status of the response, or None if there was none because the request was cut off.
        seconds: The time to the last byte of the response. Background tasks don't count.
        outcome: ``completed``, ``failed``, ``disconnected`` or ``cut_off``.
    """

    method: str
    route: str | None
    status: int | None
    seconds: float
    outcome: str


# Tells of each HTTP request that has ended.
request_finished: Final[Signal[[FinishedRequest]]] = Signal()


def log_requests(app: FastAPI) -> None:
    """Log a line per request of *app*, in place of the server's own. Call this after adding other middlewares."""
    app.add_middleware(RequestLogMiddleware)
    app.state.logs_requests = True


class RequestLogMiddleware:
    """Logs a line per HTTP request, and one per WebSocket. `log_requests` adds it to an application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan" or _IDS in scope:
            await self.app(scope, receive, send)
            return
        ids = scope[_IDS] = ids_of(scope["headers"])
        token = current_ids.set(ids)
        exchange: HttpExchange | WebSocketExchange
        if scope["type"] == "http":
            exchange = HttpExchange(scope, receive, send, ids.request_id, _end_request)
        else:
            exchange = WebSocketExchange(scope, receive, send, ids.request_id, _end_websocket)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            exchange.end(CUT_OFF)
            raise
        except BaseException as error:
            exchange.fail(unhandled_status(error))
            raise
        exchange.stop()
        # Not after an exception: the server logs it, in this context.
        current_ids.reset(token)


def _end_request(exchange: Exchange) -> None:
    is_logged = logger.isEnabledFor(logging.INFO) and WITHOUT_LINE not in exchange.scope
    if not is_logged and not request_finished.has_listeners:
        return
    method, route = exchange.scope["method"], route_template(exchange.scope)
    request_finished(FinishedRequest(method, route, exchange.status, exchange.seconds, exchange.outcome))
    if is_logged:
        _log(exchange, method, route, _PHRASES[exchange.outcome])


def _end_websocket(exchange: Exchange) -> None:
    if logger.isEnabledFor(logging.INFO):
        code = exchange.close_code
        phrase = _PHRASES[exchange.outcome] if code is None else f"closed with {code} after"
        _log(exchange, "WebSocket", route_template(exchange.scope), phrase)


def _log(exchange: Exchange, method: str, route: str | None, phrase: str) -> None:
    fields: dict[str, Any] = {"method": method}
    if route is None:
        # Only a path without a route is shown as it is. The others have values.
        place = fields["path"] = printable(exchange.scope["path"])
    else:
        place = fields["route"] = route
    if exchange.status is not None:
        fields["status"] = exchange.status
        phrase = f"{exchange.status} {phrase}"
    if exchange.close_code is not None:
        fields["close_code"] = exchange.close_code
    fields["outcome"] = exchange.outcome
    milliseconds = fields["duration_ms"] = round(exchange.seconds * 1000, 3)
    client = fields["client"] = _client_of(exchange.scope)
    # Made here and not by the logger, which would take longer. A line that is not wanted doesn't get this far.
    logger.info(f"{method} {place} {phrase} {milliseconds:.1f} ms for {client}", extra=fields)  # noqa: G004


def _client_of(scope: Scope) -> str:
    client = scope.get("client")
    # It may come from a header that a proxy has passed on. Unix sockets have none.
    return printable(client[0]) if client else "-"
