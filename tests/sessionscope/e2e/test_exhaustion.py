"""An exhausted pool refuses requests in time, logs its checkouts, and recovers by itself."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from sessionscope import close_container
from sessionscope.database.checkouts import current_task
from sessionscope.fastapi.sessions import AsyncSessionDep, SessionDep
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.servers import PostgreSQL, RunningServer
from sessionscope.testing.serving import serving
from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.settings import Settings

pytestmark = pytest.mark.isolation("none")

POOL, REQUESTS = 5, 50
PATIENCE_SECONDS = 1.0
SLOW = text("SELECT pg_sleep(3)")


async def slow(session: AsyncSessionDep) -> None:
    """Hold a connection for longer than anybody waits for one."""
    await session.execute(SLOW)


def slow_in_thread(session: SessionDep) -> None:
    """Do so in one of the server's threads."""
    session.execute(SLOW)


@pytest.fixture(name="app")
async def _app(postgresql: PostgreSQL | RunningServer) -> AsyncGenerator[FastAPI, None]:
    """Give the application with a pool of five, and two slow endpoints."""
    url = postgresql.url().render_as_string(hide_password=False)
    settings = DatabaseSettings(url=url, pool_size=POOL, max_overflow=0, pool_timeout=PATIENCE_SECONDS)
    container = ApplicationContainer(settings=Settings(database=settings))
    app = create_app(container)
    app.get("/slow/{number}")(slow)
    app.get("/slow-in-thread/{number}")(slow_in_thread)
    yield app
    await close_container(container)


@pytest.mark.parametrize("path", ["slow", "slow-in-thread"])
async def test_the_rest_are_told_to_come_back(app: FastAPI, path: str, caplog: pytest.LogCaptureFixture) -> None:
    """Five requests have connections, and the others get a 503 in time. The log names the five."""
    limits = httpx2.Limits(max_connections=None)
    with caplog.at_level(logging.WARNING), serving(app) as server:
        async with httpx2.AsyncClient(base_url=server.url, limits=limits, timeout=30) as client:

            async def ask(number: int) -> tuple[httpx2.Response, float]:
                began = time.monotonic()
                response = await client.get(f"/{path}/{number}")
                return response, time.monotonic() - began

            answers = await asyncio.gather(*map(ask, range(REQUESTS)))
            refused = [(response, waited) for response, waited in answers if response.status_code == 503]
            assert (POOL, REQUESTS - POOL) == (REQUESTS - len(refused), len(refused))
            assert all(int(response.headers["retry-after"]) >= 1 for response, _ in refused)
            # Not when all of them were done, one after the other.
            assert max(waited for _, waited in refused) < PATIENCE_SECONDS + 2
            assert 200 == (await client.get(f"/{path}/0")).status_code
    [line, *_] = [message for message in caplog.messages if "held by" in message]
    assert f"GET /{path}/{{number}}: {POOL} for up to" in line


async def test_nothing_of_a_request_stays(async_client: httpx2.AsyncClient) -> None:
    """A caller that runs the application in its own context keeps neither the request nor the application alive."""
    before = current_task.get()
    assert 200 == (await async_client.get("/health/live")).status_code
    assert before is current_task.get()
