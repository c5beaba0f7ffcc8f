"""Health over HTTP."""

import shutil
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from app.main import create_app
from config import DatabaseSettings, Settings
from containers import ApplicationContainer, close_container
from tests.e2e.api.making import problem_of
from tests.testkit.targets import Target

# Real engines and pools, as in service: transactions, concurrency and failures are under test.
pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]


def client_of(app: FastAPI) -> httpx2.AsyncClient:
    """Return a client of an application that is not the fixtures'."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app, raise_app_exceptions=False), base_url="http://test")


def container_at(url: str, **values: Any) -> ApplicationContainer:
    """Return a container whose database is at *url*."""
    return ApplicationContainer(settings=Settings(database=DatabaseSettings(url=url, **values)))


@pytest.fixture
def missing_url(target: Target, tmp_path: Path) -> str:
    """Give the URL of a database that nobody has: in a folder that isn't there, or where no server listens."""
    if target.url is None:
        return f"sqlite:///{tmp_path}/missing/secret-name.db"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = target.url.set(port=unused.getsockname()[1], database="secret-name")
    return url.render_as_string(hide_password=False)


class TestLive:
    async def test_it_touches_nothing(self, missing_url: str) -> None:
        """A process without any database is alive, and makes none."""
        container = container_at(missing_url)
        async with client_of(create_app(container)) as client:
            reply = await client.get("/health/live")
        assert (200, {"status": "alive"}) == (reply.status_code, reply.json())
        assert container.database.async_engine.built is None
        container.unwire()


@pytest.mark.usefixtures("failed_connections_end")
class TestReady:
    async def test_it_is_when_the_database_answers(self, async_client: httpx2.AsyncClient) -> None:
        """A database that answers is all that is asked for."""
        reply = await async_client.get("/health/ready")
        assert (200, {"status": "ready"}) == (reply.status_code, reply.json())

    async def test_it_is_not_where_no_database_can_be(self, missing_url: str) -> None:
        """What can't be reached may be there later: try again."""
        container = container_at(missing_url)
        async with client_of(create_app(container)) as client:
            reply = await client.get("/health/ready")
            assert "the database does not answer" == problem_of(reply, 503)["detail"]
            assert int(reply.headers["retry-after"]) >= 1
            assert "secret-name" not in reply.text
        container.unwire()
        await close_container(container)

    async def test_it_is_not_after_the_database_went_away(self, tmp_path: Path) -> None:
        """Ready turns into not ready, and back, without a restart."""
        folder = tmp_path / "there"
        folder.mkdir()
        container = container_at(f"sqlite:///{folder}/x.db")
        async with client_of(create_app(container)) as client:
            assert 200 == (await client.get("/health/ready")).status_code
            # An open file outlives its name: what is asked for is a new connection.
            await container.database.async_engine().dispose()
            shutil.rmtree(folder)
            assert 503 == (await client.get("/health/ready")).status_code
            folder.mkdir()
            assert 200 == (await client.get("/health/ready")).status_code
        container.unwire()
        await close_container(container)

    async def test_a_full_pool_is_not_ready(self, database_url: str) -> None:
        """A process that has no connection to give can't serve."""
        container = container_at(database_url, pool_size=1, max_overflow=0, pool_timeout=0.05)
        async with client_of(create_app(container)) as client, container.database.async_engine().connect():
            problem_of(await client.get("/health/ready"), 503)
        container.unwire()
        await close_container(container)


@pytest.mark.usefixtures("failed_connections_end")
class TestWithoutADatabase:
    @pytest.mark.parametrize(
        "ask",
        [
            lambda client: client.get("/users/"),
            lambda client: client.get("/users/1"),
            lambda client: client.get("/reports/users/count"),
            lambda client: client.post("/users/", json={"email": "ann@example.com", "username": "ann"}),
            lambda client: client.delete("/posts/1"),
        ],
        ids=["list", "one", "sync", "write", "delete"],
    )
    async def test_every_endpoint_says_to_try_again(
        self, missing_url: str, ask: Callable[[httpx2.AsyncClient], Awaitable[httpx2.Response]]
    ) -> None:
        """A database that is down is our trouble, and passes: 503, with when to come back."""
        container = container_at(missing_url)
        async with client_of(create_app(container)) as client:
            reply = await ask(client)
            problem_of(reply, 503)
            assert "1" == reply.headers["retry-after"]
        container.unwire()
        await close_container(container)
