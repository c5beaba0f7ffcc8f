"""Finds out which engines of a database a service uses when it serves: the sync one, the async one or both."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Iterator
from typing import Any, Final

from dependency_injector import providers
from fastapi.routing import iter_route_contexts

from sessionscope.fastapi.injection import Provide
from sessionscope.fastapi.sessions import get_async_db, get_db
from sessionscope.lifetimes.errors import InjectionError
from sessionscope.lifetimes.names import named_providers
from sessionscope.lifetimes.nesting import MAIN
from sessionscope.observe.doctor.subjects import ExaminedDatabase

_SYNC: Final = ("engine", "session_factory", "read_session_factory", "session", "read_session", "transactions", "reads")
_MARKER: Any = Provide


def engines_used(database: ExaminedDatabase) -> int:
    """Return how many engines of *database* the service takes connections from: 1 or 2. If that is not known, 2.

    An engine counts if a provider outside of the database's container, or an endpoint, takes it or something that is
    built from it.
    """
    of_database = {provider: _kind(name) for name, provider in database.container.providers.items()}
    kinds = {of_database.get(provider) for provider in _taken(database)}
    if database.name == MAIN:
        kinds |= set(_session_dependencies(database.service.app))
    return len(kinds - {None}) or 2


def _kind(name: str) -> str | None:
    if name in _SYNC:
        return "sync"
    return "async" if name.removeprefix("async_") in _SYNC else None


def _taken(database: ExaminedDatabase) -> Iterator[Any]:
    service = database.service
    inside = set(database.container.providers.values())
    for _, provider in named_providers(service.container):
        # A nested container is related to everything in it.
        if provider not in inside and not isinstance(provider, providers.Container):
            yield from provider.related
    for call in _dependencies(service.app):
        if isinstance(call, _MARKER):
            try:
                found = call.provider_in(service.container)
            except InjectionError:
                continue
            yield found
            yield from found.related


def _session_dependencies(app: Any) -> Iterator[str]:
    kinds: dict[Any, str] = {get_db: "sync", get_async_db: "async"}
    for call in _dependencies(app):
        if call in kinds:
            yield kinds[call]


def _dependencies(app: Any) -> Iterator[Any]:
    """Yield what the endpoints of *app* depend on, directly or not."""
    for route in iter_route_contexts(getattr(app, "routes", ())):
        waiting = [getattr(route, "dependant", None)]
        while waiting:
            dependant = waiting.pop()
            if dependant is not None:
                yield dependant.call
                waiting += dependant.dependencies
