"""Finds the routes of a request, with the prefixes of their routers and mounts."""

from collections.abc import Iterator, MutableMapping
from typing import Any

from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import Match


def routes_at(scope: MutableMapping[str, Any]) -> Iterator[RouteContext]:
    """Yield each route of the serving application that matches the path of *scope*, with any method."""
    for route in iter_route_contexts(scope["app"].routes):
        if route.matches(scope)[0] is not Match.NONE:
            yield route


def route_template(scope: MutableMapping[str, Any]) -> str | None:
    """Return the full path of the route that serves *scope*, such as ``/api/users/{user_id}``, or None.

    ``scope["route"].path`` lacks the prefixes that `include_router` and mounts add.
    """
    if "route" not in scope:
        return None
    mounted_at: str = scope["root_path"].removeprefix(scope.get("app_root_path", scope["root_path"]))
    serving = (route.path for route in routes_at(scope) if scope["method"] in (route.methods or ()))
    return next((f"{mounted_at}{path}" for path in serving), None)
