"""The code on the pages is run with the sample service."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI

from app.main import create_app
from config import Settings
from containers import ApplicationContainer
from sessionscope.testing.template import MEMORY


@pytest.fixture(scope="session")
def make_container() -> Callable[[], ApplicationContainer]:
    """Give the function that makes the service's container; its database is replaced test by test."""
    return lambda: ApplicationContainer(settings=Settings(database=MEMORY))


@pytest.fixture(scope="session")
def make_app() -> Callable[[ApplicationContainer], FastAPI]:
    """Give the function that makes the service's application."""
    return create_app
