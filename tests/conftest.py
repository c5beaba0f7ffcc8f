"""One line loads the kit; the rest says what is tested, and which event loop async tests run on."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI

from app.main import create_app
from config import Settings
from containers import ApplicationContainer
from sessionscope.testing.template import MEMORY

pytest_plugins = ["sessionscope.testing.plugin", "sessionscope.testing.servers.plugin", "pytester"]


@pytest.fixture(scope="session")
def make_container() -> Callable[[], ApplicationContainer]:
    """Give the function that makes the service's container; its database is replaced test by test."""
    return lambda: ApplicationContainer(settings=Settings(database=MEMORY))


@pytest.fixture(scope="session")
def make_app() -> Callable[[ApplicationContainer], FastAPI]:
    """Give the function that makes the service's application."""
    return create_app


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio, the only loop that the database drivers know."""
    return "asyncio"
