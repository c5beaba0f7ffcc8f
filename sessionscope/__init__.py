"""One session per scope, for FastAPI and SQLAlchemy services that are wired by dependency-injector.

`docs/public_names.md` describes the names below. Each is loaded when it is first used: a command that only prints its
help waits for no library, and a worker may do without FastAPI and Alembic.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sessionscope.fastapi.injection import Provide, inject
    from sessionscope.fastapi.middleware import ScopeMiddleware, current_request
    from sessionscope.fastapi.sessions import get_async_db, get_db
    from sessionscope.lifetimes.check import check_container
    from sessionscope.lifetimes.errors import (
        ContainerError,
        InjectionError,
        LateOverrideError,
        NotInRequestError,
        NotOpenError,
        RequestFailedError,
        ScopeError,
        TeardownError,
    )
    from sessionscope.lifetimes.lifespan import close_container, container_lifespan, open_container
    from sessionscope.lifetimes.nesting import nested
    from sessionscope.lifetimes.scopes import Scope, ScopedResource, current_scope, scope
    from sessionscope.lifetimes.shared import Setting, Shared
    from sessionscope.process import running

__all__ = [
    "ContainerError",
    "InjectionError",
    "LateOverrideError",
    "NotInRequestError",
    "NotOpenError",
    "Provide",
    "RequestFailedError",
    "Scope",
    "ScopeError",
    "ScopeMiddleware",
    "ScopedResource",
    "Setting",
    "Shared",
    "TeardownError",
    "check_container",
    "close_container",
    "container_lifespan",
    "current_request",
    "current_scope",
    "get_async_db",
    "get_db",
    "inject",
    "nested",
    "open_container",
    "running",
    "scope",
]

_MODULES: Final = {
    "ContainerError": "lifetimes.errors",
    "InjectionError": "lifetimes.errors",
    "LateOverrideError": "lifetimes.errors",
    "NotInRequestError": "lifetimes.errors",
    "NotOpenError": "lifetimes.errors",
    "Provide": "fastapi.injection",
    "RequestFailedError": "lifetimes.errors",
    "Scope": "lifetimes.scopes",
    "ScopeError": "lifetimes.errors",
    "ScopeMiddleware": "fastapi.middleware",
    "ScopedResource": "lifetimes.scopes",
    "Setting": "lifetimes.shared",
    "Shared": "lifetimes.shared",
    "TeardownError": "lifetimes.errors",
    "check_container": "lifetimes.check",
    "close_container": "lifetimes.lifespan",
    "container_lifespan": "lifetimes.lifespan",
    "current_request": "fastapi.middleware",
    "current_scope": "lifetimes.scopes",
    "get_async_db": "fastapi.sessions",
    "get_db": "fastapi.sessions",
    "inject": "fastapi.injection",
    "nested": "lifetimes.nesting",
    "open_container": "lifetimes.lifespan",
    "running": "process",
    "scope": "lifetimes.scopes",
}


def __getattr__(name: str) -> Any:
    """Return a public name."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # It tells scopes how to treat sessions.
    import_module("sessionscope.database")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
