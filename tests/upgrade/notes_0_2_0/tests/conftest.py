"""Tell the test kit what to test."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI

from app.main import create_app
from config import Settings
from containers import ApplicationContainer
from sessionscope.testing.template import MEMORY

pytest_plugins = ["sessionscope.testing.plugin", "sessionscope.testing.servers.plugin"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio, the only loop that the database drivers know."""
    return "asyncio"


@pytest.fixture(scope="session")
def make_container() -> Callable[[], ApplicationContainer]:
    """Return the function that makes the container. The kit gives each test a database of its own."""
    return lambda: ApplicationContainer(settings=Settings(database=MEMORY))


@pytest.fixture(scope="session")
def make_app() -> Callable[[ApplicationContainer], FastAPI]:
    """Return the function that makes the application."""
    return create_app
