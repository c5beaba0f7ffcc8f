"""The same 200 small tests for every way of isolating them; APP_BENCH_WAY says which."""

import asyncio
import itertools
import json
import os
import time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.database import drop_db, init_db
from containers import close_container

WAY = os.environ.get("APP_BENCH_WAY", "transaction")
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
def bare(kit: Any) -> Generator[None, None, None]:
    """Put one database for all tests in place: no isolation at all."""
    init_db(kit.container.database.engine())
    yield
    asyncio.run(close_container(kit.container))


@pytest.fixture
def usual(kit: Any) -> Generator[None, None, None]:
    """Put a fresh engine in place, with all tables created before and dropped after the test."""
    # The container's own database is private, and so never waits for the disk: as fast as files get.
    init_db(kit.container.database.engine())
    yield
    drop_db(kit.container.database.engine())
    asyncio.run(close_container(kit.container))


@pytest.fixture
async def http(request: pytest.FixtureRequest, kit: Any) -> AsyncGenerator[httpx2.AsyncClient, None]:
    """Give a client of the application, isolated the way that is measured."""
    request.getfixturevalue({"bare": "bare", "usual": "usual"}.get(WAY, "container"))
    transport = httpx2.ASGITransport(kit.wire().app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize("_", range(int(os.environ.get("APP_BENCH_TESTS", "200"))))
async def test_a_user_is_created_and_shown(http: httpx2.AsyncClient, _: int) -> None:
    """Write a row, and read it."""
    name = f"user{next(NUMBERS)}"
    reply = await http.post("/users/", json={"email": f"{name}@example.com", "username": name})
    assert (await http.get(f"/users/{reply.json()['id']}")).json()["username"] == name  # noqa: S101
