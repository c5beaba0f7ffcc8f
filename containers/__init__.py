"""The wiring: one declarative container, one scope per request, one place to swap anything."""

from containers.application import ApplicationContainer
from containers.check import check_container
from containers.database import DatabaseContainer
from containers.errors import (
    ContainerError,
    LateOverrideError,
    NotOpenError,
    RequestFailedError,
    ScopeError,
    TeardownError,
    WiringError,
)
from containers.lifespan import close_container, open_container
from containers.middleware import ScopeMiddleware
from containers.nesting import nested
from containers.scopes import Scope, ScopedResource, current_scope, scope
from containers.shared import Setting, Shared
from containers.wiring import Provide, inject, wire_for

__all__ = [
    "ApplicationContainer",
    "ContainerError",
    "DatabaseContainer",
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
    "WiringError",
    "check_container",
    "close_container",
    "current_scope",
    "inject",
    "nested",
    "open_container",
    "scope",
    "wire_for",
]
