"""Fixtures of every test: a container of its own, an application over it, and clients."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from fastapi import FastAPI

from app.database import init_db
from app.main import create_app
from config import DatabaseSettings, Settings
from containers import ApplicationContainer, close_container
from tests.serving import Server, serving


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio, the only loop that the database drivers know."""
    return "asyncio"


@pytest.fixture
def container() -> Iterator[ApplicationContainer]:
    """Give a container with an empty private database that has every table."""
    container = ApplicationContainer(settings=Settings(database=DatabaseSettings(url="sqlite:///:memory:")))
    init_db(container.database.engine())
    yield container
    container.unwire()
    asyncio.run(close_container(container))


@pytest.fixture
def app(container: ApplicationContainer) -> FastAPI:
    """Give the application over the test's container."""
    return create_app(container)


@pytest.fixture
async def async_client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Give an HTTP client that calls the application in this process and loop."""
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
def server(app: FastAPI) -> Iterator[Server]:
    """Give the application behind a real HTTP server on a free loopback port."""
    with serving(app) as server:
        yield server
