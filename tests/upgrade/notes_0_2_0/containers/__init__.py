"""The wiring of the service: its containers, and what `sessionscope` has for them."""

from containers.application import ApplicationContainer
from containers.database import DatabaseContainer
from sessionscope import (
    Provide,
    Scope,
    ScopedResource,
    ScopeError,
    ScopeMiddleware,
    check_container,
    close_container,
    current_scope,
    inject,
    open_container,
    scope,
)

__all__ = [
    "ApplicationContainer",
    "DatabaseContainer",
    "Provide",
    "Scope",
    "ScopeError",
    "ScopeMiddleware",
    "ScopedResource",
    "check_container",
    "close_container",
    "current_scope",
    "inject",
    "open_container",
    "scope",
]
