"""Finding the faults of a container before its first request does."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Iterator
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any, Final, get_args, get_origin

from dependency_injector import containers, providers
from fastapi.routing import iter_route_contexts
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from sessionscope.database.errors import DatabaseError
from sessionscope.fastapi.wiring import injected_names, injected_providers, is_marker
from sessionscope.lifetimes.errors import ContainerError, Finding, NotOpenError
from sessionscope.lifetimes.kinds import class_made_by, is_closable, is_generator, made_by, opens_asynchronously
from sessionscope.lifetimes.loops import finish
from sessionscope.lifetimes.names import give_names, name_of, named_providers
from sessionscope.lifetimes.scopes import Scope, ScopedResource
from sessionscope.lifetimes.shared import Shared
from sessionscope.settings import ConfigurationError

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
    give_names(container)
    findings = [*_captives(container), *_unfit(container)]
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
                    f"lives as long as the process, but takes {name_of(dependency)}, which lives as long as a scope",
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


def _unfit(container: containers.Container) -> Iterator[Finding]:
    """Find process-wide providers that are unfit for what they make."""
    for name, provider in named_providers(container):
        if not _is_process_wide(provider):
            continue
        kind = type(provider).__name__
        if _makes_session(provider):
            yield Finding(name, f"provides a session by a {kind}, which all requests share", "Use ScopedResource")
        elif isinstance(provider, Shared):
            continue
        elif _gives_future(provider):
            yield Finding(
                name,
                f"is opened asynchronously by a {kind}, so it and everything that takes it are Futures to be awaited",
                "Use Shared, which `open_container` opens in the application's lifespan",
            )
        elif _is_left_open(provider):
            yield Finding(
                name,
                f"has a method to close it, which nobody calls for a {kind}",
                "Use Shared, whose object is closed with the container",
            )


def _gives_future(provider: Any) -> bool:
    if opens_asynchronously(provider):
        return True
    made = class_made_by(provider)
    # The library enters whatever can be entered.
    return (
        isinstance(provider, providers.BaseResource) and hasattr(made, "__aenter__") and not hasattr(made, "__enter__")
    )


def _is_left_open(provider: Any) -> bool:
    made = class_made_by(provider)
    if made is None or is_generator(provider) or not is_closable(made):
        return False
    return not (isinstance(provider, providers.BaseResource) and hasattr(made, "__enter__"))


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
            except NotOpenError:
                continue  # it is opened later, in the lifespan
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
    yield from _awaited_by_nobody(dependant.call, route)
    for child in dependant.dependencies:
        if not is_marker(child.call):
            yield from _unwired_in(child, route)


def _awaited_by_nobody(function: Any, route: Any) -> Iterator[Finding]:
    """Find parameters of a plain function that would be Futures."""
    if iscoroutinefunction(function) or isasyncgenfunction(function):
        return
    for name, provider in injected_providers(function).items():
        awaited = _awaited_for(provider)
        if awaited is not None:
            yield Finding(
                f"{route.path} ({function.__module__}.{function.__qualname__})",
                f"the parameter {name!r} needs {name_of(awaited)}, which is made asynchronously, "
                "and a plain `def` can't await it",
                "Make the function `async def`",
            )


def _awaited_for(provider: Any) -> Any:
    """Return the provider for which a call of *provider* has to be awaited: itself, or one that it takes; or None."""
    # The one is open by then, and the other hands on a provider.
    if isinstance(provider, Shared | providers.Delegate):
        return None
    if _gives_future(provider):
        return provider
    return next((found for found in map(_awaited_for, provider.related) if found is not None), None)


def _is_process_wide(provider: providers.Provider[Any]) -> bool:
    return isinstance(provider, PROCESS_WIDE) and not isinstance(provider, ScopedResource)


def _makes_session(provider: Any) -> bool:
    made = made_by(provider)
    if made is None:
        return any(_is_factory(given) for given in provider.args)
    parts = () if get_origin(made) in FACTORIES else (made, *get_args(made))
    return any(isinstance(part, type) and issubclass(part, SESSIONS) for part in parts)


def _is_factory(given: Any) -> bool:
    made = made_by(given)
    return (get_origin(made) or made) in FACTORIES


def _opens_something(provider: Any) -> bool:
    """Tell whether calling *provider* does more than build an object: a resource, a generator, a coroutine."""
    if isinstance(provider, providers.BaseResource) and not isinstance(provider, ScopedResource):
        return True
    return is_generator(provider) or opens_asynchronously(provider) is True


def _built(container: containers.Container) -> set[Shared[Any]]:
    return {provider for provider in container.traverse(types=[Shared]) if provider.built is not None}
