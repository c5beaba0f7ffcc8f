"""The wiring: one declarative container, one scope per request, one place to swap anything."""

from containers.application import ApplicationContainer
from containers.database import DatabaseContainer
from sessionscope.fastapi.check import check_container
from sessionscope.fastapi.middleware import ScopeMiddleware
from sessionscope.fastapi.wiring import Provide, inject, wire_for
from sessionscope.lifetimes.errors import (
    ContainerError,
    LateOverrideError,
    NotOpenError,
    RequestFailedError,
    ScopeError,
    TeardownError,
    WiringError,
)
from sessionscope.lifetimes.lifespan import close_container, open_container
from sessionscope.lifetimes.nesting import nested
from sessionscope.lifetimes.scopes import Scope, ScopedResource, current_scope, scope
from sessionscope.lifetimes.shared import Setting, Shared

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
