"""Finding the faults of a container before its first request does."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Iterator
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction, unwrap
from typing import Any, Final, get_args, get_origin, get_type_hints

from dependency_injector import containers, providers
from fastapi.routing import iter_route_contexts
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from app.database.errors import DatabaseError
from config import ConfigurationError
from containers.errors import ContainerError, Finding
from containers.loops import finish
from containers.scopes import Scope, ScopedResource
from containers.shared import Shared
from containers.wiring import injected_names, is_marker

SESSIONS: Final = (Session, AsyncSession)
FACTORIES: Final = (sessionmaker, async_sessionmaker)
# Providers whose object outlives a scope.
PROCESS_WIDE: Final = (providers.BaseSingleton, providers.Resource, providers.ContextLocalResource)


def check_container(container: containers.Container, app: Any = None) -> None:
    """Look for what would go wrong later; opens nothing and connects to nothing.

    Settings are read here and kept: what was checked is what is used.

    Args:
        container: An instance of a declarative container.
        app: A FastAPI application, whose endpoints are looked at too.

    Raises:
        ContainerError: Something was found; its findings say where, what, and the remedy.
    """
    findings = [*_captives(container), *_shared_sessions(container)]
    # Resolving builds objects: not before it is known that they end up where they belong.
    findings = findings or [*_unresolvable(container), *_unwired(app)]
    if findings:
        raise ContainerError(findings)


def _captives(container: containers.Container) -> Iterator[Finding]:
    """Find process-wide providers that take a scoped one: they would keep one request's object for ever."""
    for name, provider in named_providers(container):
        if not _is_process_wide(provider):
            continue
        for dependency in _taken_by(provider):
            if isinstance(dependency, ScopedResource):
                yield Finding(
                    name,
                    f"lives as long as the process, but takes {dependency}, which lives as long as a scope",
                    "Make it a Factory or a ScopedResource, or give it the provider (`.provider`) to call in a scope",
                )


def _taken_by(provider: Any) -> set[Any]:
    """Return every provider whose object goes into *provider*'s, except through one that lives as long as a scope.

    A delegate hands on the provider, not its object.
    """
    found: set[Any] = set()
    waiting = [provider]
    while waiting:
        for related in waiting.pop().related:
            if related not in found and not isinstance(related, providers.Delegate):
                found.add(related)
                if not isinstance(related, ScopedResource):
                    waiting.append(related)
    return found


def _shared_sessions(container: containers.Container) -> Iterator[Finding]:
    """Find sessions behind providers that hand the same one to concurrent requests."""
    for name, provider in named_providers(container):
        if _is_process_wide(provider) and _makes_session(provider):
            kind = type(provider).__name__
            yield Finding(name, f"provides a session by a {kind}, which all requests share", "Use ScopedResource")


def _unresolvable(container: containers.Container) -> Iterator[Finding]:
    before = _built(container)
    with Scope():
        for name, provider in named_providers(container):
            if _opens_something(provider) or any(map(_opens_something, provider.traverse())):
                continue
            try:
                provider()
            except (ConfigurationError, DatabaseError):
                raise  # says all there is to say, once
            except Exception as error:  # noqa: BLE001 - whatever a recipe raises is what is looked for
                yield Finding(name, f"can't be resolved: {error}", "Check its recipe and the providers that it takes")
    # What was built only for this check must not make a later override too late. What was built from nothing
    # that can be overridden stays: settings that were checked are the ones to use.
    overridable = {provider for _, provider in named_providers(container)}
    for provider in _built(container) - before:
        if overridable & (set(provider.traverse()) - {provider}):
            finish(provider.close())


def _unwired(app: Any) -> Iterator[Finding]:
    for route in iter_route_contexts(getattr(app, "routes", ())):
        dependant = getattr(route, "dependant", None)
        if dependant is not None:
            yield from _unwired_in(dependant, route)


def _unwired_in(dependant: Any, route: Any) -> Iterator[Finding]:
    # A marker is a dependency of its own where nobody took it out of the signature.
    missing = [child.name for child in dependant.dependencies if is_marker(child.call)]
    missing += [name for name, is_wired in injected_names(dependant.call).items() if not is_wired]
    for name in missing:
        function = dependant.call
        yield Finding(
            f"{route.path} ({function.__module__}.{function.__qualname__})",
            f"the parameter {name!r} would not be injected",
            "Put @inject right above the function, wire its module, "
            "and keep `from __future__ import annotations` out of it",
        )
    for child in dependant.dependencies:
        if not is_marker(child.call):
            yield from _unwired_in(child, route)


def named_providers(container: containers.Container, prefix: str = "") -> Iterator[tuple[str, providers.Provider[Any]]]:
    """Yield each provider of *container* and of the containers in it, with its dotted name."""
    for name, provider in container.providers.items():
        if isinstance(provider, providers.Self):
            continue
        yield prefix + name, provider
        if isinstance(provider, providers.Container):
            yield from named_providers(provider.container, f"{prefix}{name}.")


def _is_process_wide(provider: providers.Provider[Any]) -> bool:
    return isinstance(provider, PROCESS_WIDE) and not isinstance(provider, ScopedResource)


def _makes_session(provider: Any) -> bool:
    made = provider.provides
    if isinstance(made, type):
        return issubclass(made, SESSIONS)
    returned = _returned(made)
    if returned is None:
        return any(_returned(getattr(given, "provides", None)) in FACTORIES for given in provider.args)
    return any(isinstance(part, type) and issubclass(part, SESSIONS) for part in (returned, *get_args(returned)))


def _returned(function: Any) -> Any:
    """Return what *function* is annotated to return, factories without their parameters; None where it isn't said."""
    try:
        returned = get_type_hints(unwrap(function)).get("return")
    except (TypeError, NameError):
        return None
    origin = get_origin(returned)
    return origin if origin in FACTORIES else returned


def _opens_something(provider: Any) -> bool:
    """Tell whether calling *provider* does more than build an object: a resource, a generator, a coroutine."""
    if isinstance(provider, providers.BaseResource) and not isinstance(provider, ScopedResource):
        return True
    function = getattr(provider, "provides", None)
    if not callable(function) or providers.is_provider(function):
        return False
    function = unwrap(function)
    return isgeneratorfunction(function) or isasyncgenfunction(function) or iscoroutinefunction(function)


def _built(container: containers.Container) -> set[Shared[Any]]:
    return {provider for provider in container.traverse(types=[Shared]) if provider.built is not None}
