"""Fixtures that make the kit test a small service of the tests' own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI

from sessionscope.testing.template import MEMORY
from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.settings import Settings


@pytest.fixture(scope="session")
def make_container() -> Callable[[], ApplicationContainer]:
    """Return the function that makes the container. The kit replaces its database for each test."""
    return lambda: ApplicationContainer(settings=Settings(database=MEMORY))


@pytest.fixture(scope="session")
def make_app() -> Callable[[ApplicationContainer], FastAPI]:
    """Return the function that makes the application."""
    return create_app


@pytest.fixture(scope="session")
def alembic_project() -> Path:
    """Return the folder of the service."""
    return Path(__file__).with_name("service")
