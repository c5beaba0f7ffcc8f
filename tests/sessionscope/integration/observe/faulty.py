"""A service with faults for the doctor to find."""

from fastapi import FastAPI

from sessionscope import Shared
from tests.sessionscope.service.app import create_app as create_good_app
from tests.sessionscope.service.containers import ApplicationContainer


class FaultyContainer(ApplicationContainer):
    """A container that keeps the session of one request for ever."""

    captive = Shared[list[object]](list, ApplicationContainer.database.session)


def create_app(container: FaultyContainer) -> FastAPI:
    """Return the application, unless the port is 1."""
    if container.settings().server.port == 1:
        raise ZeroDivisionError("s3cr3t")
    return create_good_app(container)


def fail() -> FaultyContainer:
    """Fail to make a container."""
    raise ZeroDivisionError("s3cr3t")
