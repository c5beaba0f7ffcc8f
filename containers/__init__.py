"""The wiring of the service: its containers, and what `sessionscope` has for them."""

from containers.application import ApplicationContainer
from containers.database import DatabaseContainer
from sessionscope import (
    ContainerError,
    LateOverrideError,
    NotOpenError,
    Provide,
    RequestFailedError,
    Scope,
    ScopedResource,
    ScopeError,
    ScopeMiddleware,
    Setting,
    Shared,
    TeardownError,
    check_container,
    close_container,
    current_scope,
    inject,
    nested,
    open_container,
    scope,
)

__all__ = [  # noqa: RUF022
    "ContainerError",
    "LateOverrideError",
    "NotOpenError",
    "RequestFailedError",
    "Setting",
    "Shared",
    "TeardownError",
    "nested",
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
