"""The containers of the tests' own service."""

from tests.sessionscope.service.containers.application import ApplicationContainer
from tests.sessionscope.service.containers.database import DatabaseContainer

__all__ = ["ApplicationContainer", "DatabaseContainer"]
