"""Supports HEAD wherever GET is supported, as RFC 9110 requires of a server."""

from fastapi.routing import iter_route_contexts
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadMiddleware:
    """Answers HEAD like GET, without the body. A route that declares HEAD itself is left alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or _has_route(scope):
            await self.app(scope, receive, send)
            return
        # A copy: the server uses the original scope to frame a response without a body.
        inner = {**scope, "method": "GET"}
        is_complete = False

        async def send_head(message: Message) -> None:
            nonlocal is_complete
            if message["type"] != "http.response.body":
                # Middlewares around this one look for the route in the original.
                scope.update(inner, method="HEAD")
                await send(message)
            elif not is_complete:
                # Don't wait for the whole body, which may be endless: the server then tells a stream to stop.
                is_complete = True
                await send({"type": "http.response.body", "body": b""})

        await self.app(inner, receive, send_head)


def _has_route(scope: Scope) -> bool:
    return any(route.matches(scope)[0] is Match.FULL for route in iter_route_contexts(scope["app"].routes))
