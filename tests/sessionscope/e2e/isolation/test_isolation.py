"""Every request has one session of its own, however it runs and however it ends."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, nullcontext, suppress
from inspect import isawaitable
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from anyio import to_thread
from dependency_injector import providers
from fastapi import FastAPI

from sessionscope import ScopeMiddleware, close_container
from sessionscope.database.engine import build_async_engine
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.pools import PoolPerLoop
from sessionscope.testing.targets import Target
from tests.sessionscope.e2e.isolation import async_endpoints, sync_endpoints
from tests.sessionscope.e2e.isolation.calls import (
    Call,
    cancel_scopes,
    cancel_tasks,
    exchange_messages,
    leave_endpoint,
    leave_stream,
    over_http,
    read_response,
)
from tests.sessionscope.e2e.isolation.crowd import Crowd
from tests.sessionscope.e2e.isolation.holding import holding
from tests.sessionscope.e2e.isolation.outcome import Outcome, outcome
from tests.sessionscope.e2e.isolation.page import Page
from tests.sessionscope.e2e.isolation.strategies import OURS, STRATEGIES, THEIRS, Strategy
from tests.sessionscope.service.containers import DatabaseContainer

CONCURRENT: Final = 50
PATIENCE_SECONDS: Final = 0.5


class Case(NamedTuple):
    """A kind of request: its name, its path, how it is called, and the status of a good response."""

    name: str
    path: str
    call: Call
    status: int | None = 200
    # Sessions that fifty requests take, each request one if nothing else is said.
    sessions: int = CONCURRENT


CASES: Final = [
    Case("sync", "/sync/plain", over_http(read_response)),
    Case("async", "/async/plain", over_http(read_response)),
    Case("sync, nested dependency", "/sync/nested", over_http(read_response)),
    Case("async, nested dependency", "/async/nested", over_http(read_response)),
    Case("async with a nested sync dependency", "/sync/mixed", over_http(read_response)),
    Case("sync, two services", "/sync/services", over_http(read_response)),
    Case("async, two services", "/async/services", over_http(read_response)),
    Case("sync, streaming", "/sync/stream", over_http(read_response)),
    Case("async, streaming", "/async/stream", over_http(read_response)),
    Case("sync, background task", "/sync/background", over_http(read_response), sessions=2 * CONCURRENT),
    Case("async, background task", "/async/background", over_http(read_response), sessions=2 * CONCURRENT),
    Case("sync, raising", "/sync/raising", over_http(read_response), 500),
    Case("async, raising", "/async/raising", over_http(read_response), 500),
    Case("sync, HTTPException", "/sync/refusing", over_http(read_response), 409),
    Case("async, HTTPException", "/async/refusing", over_http(read_response), 409),
    Case("sync, task cancelled", "/sync/staying", cancel_tasks, None),
    Case("async, task cancelled", "/async/staying", cancel_tasks, None),
    Case("sync, scope cancelled", "/sync/staying", cancel_scopes, None),
    Case("async, scope cancelled", "/async/staying", cancel_scopes, None),
    Case("sync, client gone early", "/sync/plain", over_http(leave_endpoint), None),
    Case("async, client gone early", "/async/plain", over_http(leave_endpoint), None),
    Case("sync, client gone in a stream", "/sync/endless", over_http(leave_stream), None),
    Case("async, client gone in a stream", "/async/endless", over_http(leave_stream), None),
    Case("WebSocket", "/async/messages", over_http(exchange_messages), 101, 2 * CONCURRENT),
]


@pytest.fixture(scope="module", name="page")
def _page() -> Iterator[Page]:
    """Give the documented table; it is written anew where that was asked for."""
    page = Page(Path("docs/isolation.md"), [case.name for case in CASES], [each.name for each in STRATEGIES])
    yield page
    page.write()


@pytest.fixture(name="url")
def _url(target: Target, request: pytest.FixtureRequest) -> str:
    """Give the URL of a database that the container of a case may have for itself."""
    return "sqlite:///:memory:" if target.url is None else request.getfixturevalue("database_url")


@pytest.fixture(name="_leftovers_end")
def _leftovers_end() -> Iterator[None]:
    """Collect what the library's resources lost hold of, while its warnings are nobody else's failure."""
    yield
    gc.collect()


def contained(strategy: Strategy, url: str) -> DatabaseContainer:
    """Return the container of a strategy, with connections for everybody."""
    settings = DatabaseSettings(url=url, pool_size=60, max_overflow=-1)
    container = strategy.container(settings=settings)
    if not url.startswith("sqlite"):
        # The server of a case has a loop of its own, which ends before the test does.
        engine = build_async_engine(settings, poolclass=PoolPerLoop)
        container.async_engine.override(providers.Object(engine))
    return container


async def run(strategy: Strategy, case: Case, url: str = "sqlite:///:memory:") -> tuple[Crowd, Outcome]:
    """Run a case with fifty requests at once; nothing of it is left afterwards."""
    crowd = Crowd(CONCURRENT)
    container = contained(strategy, url)
    for factory in (container.session_factory, container.async_session_factory):
        factory.override(providers.Object(crowd.recording(factory())))
    container.wire(modules=[sync_endpoints, async_endpoints])
    try:
        with holding(container.engine(), crowd) if "staying" in case.path else nullcontext():
            responses = await case.call(application(strategy, crowd, container), crowd, case.path)
        found = outcome(crowd, container, responses, case.status)
        if strategy is not OURS and found.left_open:
            # A thread that was left behind may still close what it has; ours leaves none.
            await asyncio.sleep(PATIENCE_SECONDS)
            found = outcome(crowd, container, responses, case.status)
        return crowd, found
    finally:
        container.unwire()
        await close_leftovers(crowd)
        await container.async_engine().dispose()
        await close_container(container)


def application(strategy: Strategy, crowd: Crowd, container: DatabaseContainer) -> FastAPI:
    """Return the application of a strategy."""
    app = FastAPI(lifespan=with_many_threads)
    app.state.container = container
    app.state.crowd = crowd
    if strategy is OURS:
        app.add_middleware(ScopeMiddleware)
    app.include_router(sync_endpoints.SYNC_ROUTERS[strategy.name])
    app.include_router(async_endpoints.ASYNC_ROUTERS[strategy.name])
    return app


@asynccontextmanager
async def with_many_threads(_: FastAPI) -> AsyncGenerator[None, None]:
    """Let all requests of a crowd be in a thread at once."""
    to_thread.current_default_thread_limiter().total_tokens = 3 * CONCURRENT
    yield


async def close_leftovers(crowd: Crowd) -> None:
    """Close what a strategy left open."""
    for session in crowd.made:
        with suppress(Exception):
            closed: Any = session.close()
            if isawaitable(closed):
                await closed


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
class TestIsolation:
    @pytest.mark.every_database
    async def test_every_request_has_its_own_session(self, case: Case, page: Page, url: str) -> None:
        """Fifty at once: one session per request, open to its end, closed and its connection back after it."""
        crowd, found = await run(OURS, case, url)

        assert Outcome() == found
        assert case.sessions == len(crowd.made)
        page.check(case.name, OURS.name, found.verdict)

    @pytest.mark.parametrize("strategy", THEIRS, ids=lambda strategy: strategy.name)
    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.usefixtures("_leftovers_end")
    @pytest.mark.leaky
    async def test_what_the_library_does_is_documented(self, case: Case, strategy: Strategy, page: Page) -> None:
        """The documentation says of the library's resources what is seen here."""
        _, found = await run(strategy, case)

        page.check(case.name, strategy.name, found.verdict)


class TestPage:
    def test_the_documented_cases_are_those_that_run(self, page: Page) -> None:
        """The table has a row for each case and a column for each strategy, and no other."""
        if page.writes:
            pytest.skip("the table is being written anew")
        assert page.lines() == page.table
