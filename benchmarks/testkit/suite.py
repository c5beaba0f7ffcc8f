"""The same 200 small tests for every way of isolating them; APP_BENCH_WAY says which."""

import itertools
import json
import os
import time
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import make_url

from app.main import create_app
from config import DatabaseSettings, Settings
from containers import ApplicationContainer, close_container
from sessionscope.database import drop_db, init_db
from sessionscope.testing.kit import Service
from sessionscope.testing.targets import Target
from sessionscope.testing.template import MEMORY

WAY = os.environ.get("APP_BENCH_WAY", "transaction")
DATABASE = os.environ["APP_TEST_DATABASE"]
TARGET = Target() if DATABASE == "sqlite" else Target(DATABASE.partition("://")[0], make_url(DATABASE))
ON_SERVER = DatabaseSettings(url=DATABASE) if TARGET.url is not None else None
NUMBERS = itertools.count()
DURATIONS: list[float] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, None, None]:
    """Time a test with its fixtures."""
    start = time.perf_counter()
    result = yield
    DURATIONS.append(time.perf_counter() - start)
    return result


def pytest_sessionfinish() -> None:
    """Hand over the durations, in seconds; the first test pays for what all share."""
    Path(os.environ["APP_BENCH_RESULT"]).write_text(json.dumps(DURATIONS[1:]))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Use asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def make_container() -> Callable[[], ApplicationContainer]:
    """Give the function that makes the service's container."""
    return lambda: ApplicationContainer(settings=Settings(database=MEMORY))


@pytest.fixture(scope="session")
def make_app() -> Callable[[ApplicationContainer], Any]:
    """Give the function that makes the service's application."""
    return create_app


@pytest.fixture(scope="session")
def bare(kits: Any, make_container: Any, make_app: Any, alembic_project: Path) -> Generator[None, None, None]:
    """Put one database for all tests in place: no isolation at all."""
    with kits.of(Service(make_container, make_app, alembic_project)).isolated("database", TARGET):
        yield


@pytest.fixture
async def usual(kit: Any) -> AsyncGenerator[None, None]:
    """Put a fresh engine in place, with all tables created before and dropped after the test."""
    # SQLite's is the container's own, which is private and so never waits for the disk: as fast as files get.
    server = [] if TARGET.url is None else [kit.container.database.settings.override(ON_SERVER)]
    init_db(kit.container.database.engine())
    yield
    drop_db(kit.container.database.engine())
    await close_container(kit.container)
    for override in server:
        override.__exit__()


@pytest.fixture
async def http(kit: Any) -> AsyncGenerator[httpx2.AsyncClient, None]:
    """Give a client of the application, isolated the way that is measured."""
    transport = httpx2.ASGITransport(kit.asgi.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.usefixtures({"bare": "bare", "usual": "usual"}.get(WAY, "container"))
@pytest.mark.parametrize("_", range(int(os.environ.get("APP_BENCH_TESTS", "200"))))
async def test_a_user_is_created_and_shown(http: httpx2.AsyncClient, _: int) -> None:
    """Write a row, and read it."""
    name = f"user{next(NUMBERS)}"
    response = await http.post("/users/", json={"email": f"{name}@example.com", "username": name})
    assert (await http.get(f"/users/{response.json()['id']}")).json()["username"] == name  # noqa: S101
