"""Plain `def` endpoints over `get_db` never wait for each other for ever."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from sessionscope import ScopeMiddleware, close_container, scope
from sessionscope.database.admission import AdmissionGate
from sessionscope.database.engine import build_engine
from sessionscope.fastapi.sessions import SessionDep
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.serving import Server, serving
from tests.sessionscope.service.containers import DatabaseContainer

REQUESTS = 120


class Container:
    """The providers that `get_db` needs in a container."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self.database = DatabaseContainer(settings=settings)


def count(session: SessionDep) -> int | None:
    """Use a connection, which the scope gives back after the response was made, in another thread."""
    return session.scalar(select(1))


@pytest.fixture
def crowded(database_url: str) -> Iterator[Server]:
    """Give a service with far fewer connections than threads, and far fewer threads than requests."""
    settings = DatabaseSettings(url=database_url, pool_size=2, max_overflow=1, pool_timeout=20)
    app = FastAPI()
    app.state.container = Container(settings)
    app.add_middleware(ScopeMiddleware)
    app.get("/")(count)
    with serving(app) as server:
        yield server
    asyncio.run(close_container(app.state.container.database))


def gate_for(settings: DatabaseSettings) -> AdmissionGate:
    """Return a gate in front of the pool that the settings describe."""
    return AdmissionGate(build_engine(settings), settings)


class TestAdmissionGate:
    @pytest.mark.every_database
    def test_every_request_of_a_crowd_is_served(self, crowded: Server) -> None:
        """More requests than threads, on fewer connections than threads: each gets its answer."""
        limits = httpx2.Limits(max_connections=REQUESTS)
        with httpx2.Client(limits=limits, timeout=30) as client, ThreadPoolExecutor(REQUESTS) as pool:
            responses = list(pool.map(lambda _: client.get(crowded.url).status_code, range(REQUESTS)))
        assert [200] * REQUESTS == responses

    async def test_waiting_has_an_end(self) -> None:
        """A scope that isn't admitted in time is told so, as by the pool itself; the end of another makes room."""
        gate = gate_for(DatabaseSettings(pool_size=1, max_overflow=0, pool_timeout=0.01))
        async with scope() as first:
            await gate.admit(first)
            await gate.admit(first)
            async with scope() as second:
                with pytest.raises(Exception, match=r"no connection was free within 0\.01 s"):
                    await gate.admit(second)
        async with scope() as third:
            await gate.admit(third)

    @pytest.mark.parametrize("settings", [{"max_overflow": -1}, {"pool_class": "null"}], ids=["overflow", "no pool"])
    async def test_a_pool_without_a_limit_admits_every_scope(self, settings: dict[str, str]) -> None:
        """If the pool has no limit, no request waits."""
        gate = gate_for(DatabaseSettings.model_validate(settings))
        async with AsyncExitStack() as scopes:
            for _ in range(100):
                await gate.admit(await scopes.enter_async_context(scope()))
