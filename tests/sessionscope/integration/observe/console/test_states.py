"""The console tells what a service is made of and what happens in it, without a connection."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anyio import to_thread
from dependency_injector import providers
from fastapi import FastAPI
from sqlalchemy import text

from sessionscope import close_container
from sessionscope.observe.console import build_console_router
from sessionscope.settings import DatabaseSettings
from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.settings import Settings

pytestmark = pytest.mark.isolation("none")

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(name="app")
async def _app(tmp_path: Path, alembic_project: Path) -> AsyncGenerator[FastAPI, None]:
    """Give an application with a pool of two connections, and a slow statement after no time at all."""
    settings = DatabaseSettings.model_validate(
        {"url": f"sqlite:///{tmp_path}/app.db", "pool_size": 1, "max_overflow": 1, "slow_statement": 1e-9}
    )
    container = ApplicationContainer(settings=Settings(database=settings))
    app = create_app(container)
    app.include_router(build_console_router(project=alembic_project))
    yield app
    await close_container(container)


@pytest.fixture(name="client")
async def _client(app: FastAPI) -> AsyncGenerator[httpx2.AsyncClient, None]:
    """Give a client on this machine."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as client:
        yield client


async def state_of(client: httpx2.AsyncClient) -> Any:
    """Return what happens in this process."""
    (process,) = (await client.get("/console/state")).json()["processes"]
    return process


class TestService:
    async def test_settings_have_sources_and_no_secrets(self, client: httpx2.AsyncClient, app: FastAPI) -> None:
        """A password in a URL is masked as in `config show`."""
        url = "postgresql://shop:geheim@db1/shop"
        app.state.container = ApplicationContainer(
            settings=Settings(database=DatabaseSettings.model_validate({"url": url}))
        )
        response = await client.get("/console/service")
        listed = {each["name"]: (each["value"], each["source"]) for each in response.json()["settings"]}
        assert "geheim" not in response.text
        assert "postgresql://shop:***@db1/shop" == listed["database.url"][0]
        assert ("10", "default") == listed["server.shutdown_timeout"]

    async def test_overrides_are_told(self, client: httpx2.AsyncClient, app: FastAPI) -> None:
        """The wiring is that of the running container."""
        with app.state.container.users.override(providers.Object("a fake")):
            wiring = (await client.get("/console/service")).json()["wiring"]
        overridden = [each["name"] for each in wiring["providers"] if each["overridden_by"] is not None]
        # The fixture gives the settings.
        assert ["settings", "users"] == overridden
        assert "w-overridden" in wiring["picture"]
        assert "<style" not in wiring["picture"]

    async def test_migrations_are_those_of_the_code(self, client: httpx2.AsyncClient) -> None:
        """They are read from the project, and no database is asked."""
        (migrations,) = (await client.get("/console/service")).json()["migrations"]
        assert ("database", ["0001"], 1) == (migrations["database"], migrations["heads"], migrations["count"])


class TestThreads:
    async def test_those_of_the_server_are_not_needed(self, client: httpx2.AsyncClient) -> None:
        """All of them may wait for an exhausted pool, and the console has to show that."""
        limiter = to_thread.current_default_thread_limiter()
        borrowers = [object() for _ in range(int(limiter.total_tokens))]
        for each in borrowers:
            limiter.acquire_on_behalf_of_nowait(each)
        try:
            async with asyncio.timeout(20):
                assert () == tuple((await state_of(client))["pools"])
                assert 200 == (await client.get("/console/service")).status_code
                assert 200 == (await client.get("/console/assets/console.js")).status_code
        finally:
            for each in borrowers:
                limiter.release_on_behalf_of(each)


class TestChecks:
    async def test_a_database_without_tables_is_not_ready(self, client: httpx2.AsyncClient) -> None:
        """It answers, and the remedy is told."""
        response = await client.post("/console/checks", headers=SAME_ORIGIN)
        (health,) = response.json()["databases"]
        assert health["milliseconds"] >= 0
        assert health["fault"].endswith("run `db upgrade`")

    async def test_an_exhausted_pool_is_told(self, client: httpx2.AsyncClient, app: FastAPI) -> None:
        """The check gives up soon, and the other routes need no connection."""
        engine = app.state.container.database.async_engine()
        async with engine.connect(), engine.connect():
            waiting = asyncio.ensure_future(client.post("/console/checks", headers=SAME_ORIGIN))
            async with asyncio.timeout(20):
                while not engine.pool.waiters:  # noqa: ASYNC110 - the pool has no event for it
                    await asyncio.sleep(0)
            (pool,) = (await state_of(client))["pools"]
            (health,) = (await waiting).json()["databases"]
        assert (2, 1) == (pool["in_use"], pool["waiters"])
        assert "the pool is exhausted: no connection was free within 2 s" == health["fault"]


class TestPlans:
    async def test_a_recorded_statement_is_explained(self, client: httpx2.AsyncClient, app: FastAPI) -> None:
        """The page names it by its id only."""
        with app.state.container.database.engine().connect() as connection:
            connection.execute(text("SELECT name FROM sqlite_master WHERE type = :type"), {"type": "table"})
        (slow,) = [each for each in (await state_of(client))["slow"] if "sqlite_master" in each["sql"]]
        response = await client.post("/console/plans", json={"statement": slow["id"]}, headers=SAME_ORIGIN)
        assert {"lines": ["SCAN sqlite_master"], "reason": ""} == response.json()

    async def test_text_of_the_client_is_not_explained(self, client: httpx2.AsyncClient) -> None:
        """Only what a process has sent itself can be explained."""
        response = await client.post("/console/plans", json={"statement": "SELECT 1"}, headers=SAME_ORIGIN)
        assert [] == response.json()["lines"]
        assert "doesn't keep it any more" in response.json()["reason"]
