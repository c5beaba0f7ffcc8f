"""One session per scope, for FastAPI and SQLAlchemy services that are wired by dependency-injector.

`docs/public_names.md` describes the names below. Importing this package needs neither FastAPI nor Alembic, which a
worker may do without: the names of the FastAPI part are loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from sessionscope.database.scoped import register_sessions
from sessionscope.lifetimes.errors import (
    ContainerError,
    LateOverrideError,
    NotOpenError,
    RequestFailedError,
    ScopeError,
    TeardownError,
)
from sessionscope.lifetimes.lifespan import close_container, open_container
from sessionscope.lifetimes.nesting import nested
from sessionscope.lifetimes.scopes import Scope, ScopedResource, current_scope, scope
from sessionscope.lifetimes.shared import Setting, Shared

if TYPE_CHECKING:
    from sessionscope.fastapi.check import check_container
    from sessionscope.fastapi.middleware import ScopeMiddleware
    from sessionscope.fastapi.wiring import Provide, inject

__all__ = [
    "ContainerError",
    "LateOverrideError",
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
    "current_scope",
    "inject",
    "nested",
    "open_container",
    "scope",
]

# Here, for whatever is imported first, this package is.
register_sessions()

_LOADED_LATER: Final = {
    "Provide": "sessionscope.fastapi.wiring",
    "ScopeMiddleware": "sessionscope.fastapi.middleware",
    "check_container": "sessionscope.fastapi.check",
    "inject": "sessionscope.fastapi.wiring",
}


def __getattr__(name: str) -> Any:
    """Return a name of the FastAPI part."""
    if name not in _LOADED_LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LOADED_LATER[name]), name)
