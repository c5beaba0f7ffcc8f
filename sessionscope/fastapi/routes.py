"""Finds the routes of a request, with the prefixes of their routers and mounts."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, NamedTuple

from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import Match


class _Inclusion(NamedTuple):
    """A route with the prefixes of its routers. It has several inclusions if one of its routers has."""

    path: str
    matches: Callable[[MutableMapping[str, Any]], tuple[Match, Any]]


def routes_at(scope: MutableMapping[str, Any]) -> Iterator[RouteContext]:
    """Yield each route of the serving application that matches the path of *scope*, with any method."""
    for route in iter_route_contexts(scope["app"].routes):
        if route.matches(scope)[0] is not Match.NONE:
            yield route


def route_template(scope: MutableMapping[str, Any]) -> str | None:
    """Return the full path of the route that serves *scope*, such as ``/api/users/{user_id}``, or None.

    ``scope["route"].path`` lacks the prefixes that `include_router` and mounts add. A route that refuses the method
    of the request serves it too.
    """
    route = scope.get("route")
    path = _path_with_prefixes(route, scope) if isinstance(route, APIRoute) else getattr(route, "path", None)
    if path is None:
        return None
    root_path: str = scope.get("root_path", "")
    mounted_at = root_path.removeprefix(scope.get("app_root_path", root_path))
    return f"{mounted_at}{path}"


def _path_with_prefixes(route: APIRoute, scope: MutableMapping[str, Any]) -> str | None:
    # Kept in the application's state, because asking every route takes long.
    state = scope["app"].state
    path = _path_among(getattr(state, "route_inclusions", {}), route, scope)
    if path is None:
        # Asked for the first time, or a router was included since.
        state.route_inclusions = _inclusions_in(scope["app"])
        path = _path_among(state.route_inclusions, route, scope)
    return path


def _path_among(
    inclusions: Mapping[int, list[_Inclusion]], route: APIRoute, scope: MutableMapping[str, Any]
) -> str | None:
    for each in inclusions.get(id(route), ()):
        if each.matches(scope)[0] is not Match.NONE:
            return each.path
    return None


def _inclusions_in(app: Any) -> dict[int, list[_Inclusion]]:
    """Return the inclusions of each route of *app*, by the route's id: routes have no hash."""
    inclusions: dict[int, list[_Inclusion]] = {}
    for each in iter_route_contexts(app.routes):
        inclusions.setdefault(id(each.original_route), []).append(_Inclusion(str(each.path), each.matches))
    return inclusions
