"""Injection: `Depends(Provide[...])` takes objects from the container of the application that serves the request."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
from collections.abc import Callable, Iterator, MutableMapping
from inspect import isasyncgenfunction, isgeneratorfunction
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import WeakKeyDictionary

from dependency_injector import containers, wiring
from fastapi.routing import iter_route_contexts
from starlette.requests import HTTPConnection

from sessionscope.lifetimes.check import register_check
from sessionscope.lifetimes.errors import Finding, InjectionError
from sessionscope.lifetimes.paths import Reference, path_in

F = TypeVar("F", bound=Callable[..., Any])

# The key under which ScopeMiddleware stores the container in an ASGI scope, for mounted applications.
CONTAINER: Final = "sessionscope.container"

if TYPE_CHECKING:
    Provide = wiring.Provide
else:

    class Provide(wiring.Provide):
        """A marker for the object of a provider: ``Depends(Provide[ApplicationContainer.users])``.

        As a FastAPI dependency, it takes the object from the container of the application that serves the request.
        So it works however you include a router, and an override in one application doesn't affect another.
        Markers of one provider are equal: ``app.dependency_overrides[Provide[ApplicationContainer.users]] = ...``.
        In a function that FastAPI doesn't call, `inject` replaces the marker.
        """

        def __init__(self, provider: Any, modifier: Any = None) -> None:
            super().__init__(provider, modifier)
            self._reference = Reference.to(provider)
            # FastAPI asks for it several times per request.
            self._hash = hash(self._reference)
            self._paths = WeakKeyDictionary()

        async def __call__(self, connection: HTTPConnection) -> Any:
            """Return the provider's object from the container of the serving application."""
            provider = self.provider_in(container_of(connection))
            made = provider()
            return await made if asyncio.isfuture(made) or asyncio.iscoroutine(made) else made

        def provider_in(self, container: Any) -> Any:
            """Return the provider in *container* that the marker refers to.

            Raises:
                InjectionError: The container has no such provider.
            """
            declared = container.declarative_parent or container
            path = self._paths.get(declared)
            if path is None:
                path = self._paths[declared] = path_in(container, self._reference)
            provider = container
            for name in path:
                provider = getattr(provider, name)
            return self._reference.follow(provider)

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Provide) and self._reference == other._reference

        def __hash__(self) -> int:
            return self._hash


def inject(function: F) -> F:
    """Fill the ``Provide[...]`` parameters of a function that FastAPI doesn't call, such as a job.

    The objects come from the container that is wired to the function's module:
    ``container.wire(modules=[__name__])``. An endpoint doesn't need this decorator.

    Raises:
        TypeError: *function* is a generator. The wrapper would lose its exceptions and its teardown.
    """
    if isgeneratorfunction(function) or isasyncgenfunction(function):
        message = (
            f"@inject on the generator {function.__qualname__} would lose its exceptions and its teardown: "
            "inject into a plain function, and let a ScopedResource provide objects that need closing"
        )
        raise TypeError(message)
    return wiring.inject(function)


def container_of(connection: HTTPConnection) -> Any:
    """Return the container of the application that serves *connection*.

    It is at ``app.state.container`` of that application or, if there is none, of the nearest application that it is
    mounted in and that has a `ScopeMiddleware`.

    Raises:
        InjectionError: None of these applications has a container.
    """
    container = container_in(connection.scope)
    if container is None:
        app = connection.scope.get("app")
        name = getattr(app, "title", type(app).__name__)
        raise InjectionError(
            f"the application {name!r} has no container: set `app.state.container` where the application is created, "
            "or add ScopeMiddleware to the application that it is mounted in"
        )
    return container


def container_in(scope: MutableMapping[str, Any]) -> Any:
    """Return the container for an ASGI *scope*, or None if there is none. See `container_of`."""
    state = getattr(scope.get("app"), "state", None)
    container = getattr(state, "container", None)
    return container if container is not None else scope.get(CONTAINER)


def unknown_providers(container: containers.Container, app: Any) -> Iterator[Finding]:
    """Find markers without a provider in *container*, in the endpoints of *app* and their dependencies."""
    for route in iter_route_contexts(getattr(app, "routes", ())):
        dependant = getattr(route, "dependant", None)
        if dependant is not None:
            yield from _unknown_in(dependant, container, str(route.path))


def _unknown_in(dependant: Any, container: containers.Container, path: str) -> Iterator[Finding]:
    for child in dependant.dependencies:
        if not isinstance(child.call, _MARKER):
            yield from _unknown_in(child, container, path)
            continue
        try:
            child.call.provider_in(container)
        except InjectionError as error:
            where = f"{path} ({dependant.call.__module__}.{dependant.call.__qualname__})"
            fault = f"the parameter {child.name!r} can't be injected: {error}"
            yield Finding(where, fault, "Name a provider of the application's container")


_MARKER: Any = Provide
register_check(unknown_providers)
