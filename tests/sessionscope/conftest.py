"""What the kit tests here: a service of the tests' own, so that the library needs no other."""

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
    """Give the function that makes the container; its database is replaced test by test."""
    return lambda: ApplicationContainer(settings=Settings(database=MEMORY))


@pytest.fixture(scope="session")
def make_app() -> Callable[[ApplicationContainer], FastAPI]:
    """Give the function that makes the application."""
    return create_app


@pytest.fixture(scope="session")
def alembic_project() -> Path:
    """Give the folder of the service."""
    return Path(__file__).with_name("service")
