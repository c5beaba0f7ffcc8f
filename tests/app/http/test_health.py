"""Health over HTTP."""

import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
from alembic import command
from fastapi import FastAPI
from sqlalchemy import make_url, text

from app.main import create_app
from config import DatabaseSettings, Settings
from containers import ApplicationContainer, close_container
from sessionscope.fastapi import health
from sessionscope.migrations import readiness
from sessionscope.migrations.readiness import Revisions, shipped_revisions
from sessionscope.migrations.running import configuration
from sessionscope.testing.kit import Kit
from sessionscope.testing.servers import Network, PostgreSQL
from sessionscope.testing.targets import Target
from tests.app.http.making import problem_of

# These tests need real engines and pools, because they test transactions, concurrency and failures.
pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]


def client_of(app: FastAPI) -> httpx2.AsyncClient:
    """Return a client of an application other than the fixtures'."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app, raise_app_exceptions=False), base_url="http://test")


def container_at(url: str, **values: Any) -> ApplicationContainer:
    """Return a container whose database is at *url*."""
    return ApplicationContainer(settings=Settings(database=DatabaseSettings(url=url, **values)))


def execute(container: ApplicationContainer, *statements: str) -> None:
    """Execute *statements* in one transaction, on the sync engine."""
    with container.database.engine().begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def delete_all(folder: Path) -> None:
    """Delete the files in *folder*."""
    for file in list(folder.iterdir()):
        file.unlink()


@pytest.fixture
def missing_url(target: Target, tmp_path: Path) -> str:
    """Give the URL of a database in a missing folder, or on a port where no server listens."""
    if target.url is None:
        return f"sqlite:///{tmp_path}/missing/secret-name.db"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = target.url.set(port=unused.getsockname()[1], database="secret-name")
    return url.render_as_string(hide_password=False)


class TestLive:
    async def test_live_touches_no_database(self, missing_url: str) -> None:
        """A process without a database is alive, and doesn't create one."""
        container = container_at(missing_url)
        async with client_of(create_app(container)) as client:
            response = await client.get("/health/live")
        assert (200, {"status": "alive"}) == (response.status_code, response.json())
        assert container.database.async_engine.built is None


@pytest.mark.usefixtures("failed_connections_end")
class TestReady:
    async def test_ready_when_the_database_answers(self, async_client: httpx2.AsyncClient) -> None:
        """A service is ready if its database answers and is migrated."""
        response = await async_client.get("/health/ready")
        assert (200, {"status": "ready"}) == (response.status_code, response.json())

    async def test_reading_the_migrations_is_no_part_of_the_time_limit(
        self, async_client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first probe imports Alembic, which may take longer on a busy machine than the database may."""

        @cache
        def slow(project: Path | None = None, database: str = "database") -> Revisions:
            time.sleep(0.6)
            return shipped_revisions(project, database)

        for module in (health, readiness):
            monkeypatch.setattr(module, "shipped_revisions", slow, raising=False)
        monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.5)
        assert 200 == (await async_client.get("/health/ready")).status_code

    async def test_not_ready_with_an_unreachable_database(self, missing_url: str) -> None:
        """An unreachable database is a 503, because it may come back."""
        container = container_at(missing_url)
        async with client_of(create_app(container)) as client:
            response = await client.get("/health/ready")
            assert "the database does not answer" == problem_of(response, 503)["detail"]
            assert int(response.headers["retry-after"]) >= 1
            assert "secret-name" not in response.text
        await close_container(container)

    async def test_not_ready_after_the_file_was_deleted(self, kit: Kit, tmp_path: Path) -> None:
        """Readiness follows the database without a restart, and no empty file replaces the old one."""
        file = kit.template.copy_to(tmp_path / "x.db")
        container = container_at(f"sqlite:///{file}")
        async with client_of(create_app(container)) as client:
            assert 200 == (await client.get("/health/ready")).status_code
            delete_all(tmp_path)
            for _ in range(2):
                assert "the database does not answer" == problem_of(await client.get("/health/ready"), 503)["detail"]
                problem_of(await client.get("/users/"), 503)
            assert not file.exists()
            kit.template.copy_to(file)
            assert 200 == (await client.get("/health/ready")).status_code
        await close_container(container)

    @pytest.mark.parametrize(
        ("change", "detail"),
        [
            (
                ("DROP TABLE alembic_version",),
                "the database is at no revision, the service wants {head}: run `db upgrade`",
            ),
            (
                ("DELETE FROM alembic_version",),
                "the database is at no revision, the service wants {head}: run `db upgrade`",
            ),
            (
                ("UPDATE alembic_version SET version_num = '0001'",),
                "the database is at revision 0001, the service wants {head}: run `db upgrade`",
            ),
        ],
        ids=["no table", "no row", "an old one"],
    )
    async def test_not_ready_with_the_wrong_tables(
        self, database_url: str, change: tuple[str, ...], detail: str
    ) -> None:
        """A service whose database is not migrated is not ready, and the response says what to do."""
        (head,) = shipped_revisions().heads
        container = container_at(database_url)
        execute(container, *change)
        async with client_of(create_app(container)) as client:
            response = await client.get("/health/ready")
            assert detail.format(head=head) == problem_of(response, 503)["detail"]
            assert 1 <= int(response.headers["retry-after"]) <= 3
            command.stamp(configuration(make_url(database_url)), "head", purge=True)
            assert 200 == (await client.get("/health/ready")).status_code
        await close_container(container)

    async def test_ready_after_a_newer_release_has_migrated(self, database_url: str) -> None:
        """While releases overlap, the old one goes on serving, because migrations don't break it."""
        container = container_at(database_url)
        execute(container, "UPDATE alembic_version SET version_num = 'of the next release'")
        async with client_of(create_app(container)) as client:
            assert 200 == (await client.get("/health/ready")).status_code
        await close_container(container)

    async def test_not_ready_without_tables(self, empty_database_url: str) -> None:
        """An empty database is not ready."""
        container = container_at(empty_database_url)
        async with client_of(create_app(container)) as client:
            assert "at no revision" in problem_of(await client.get("/health/ready"), 503)["detail"]
        await close_container(container)

    async def test_a_full_pool_is_not_ready(self, database_url: str) -> None:
        """A process whose pool is exhausted is not ready."""
        container = container_at(database_url, pool_size=1, max_overflow=0, pool_timeout=0.05)
        async with client_of(create_app(container)) as client, container.database.async_engine().connect():
            problem_of(await client.get("/health/ready"), 503)
        await close_container(container)


@pytest.mark.every_database(but=["sqlite", "mysql"])
class TestSilentServer:
    @pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
    async def test_silent_server_does_not_delay_the_probe(
        self, network: Network, own_postgresql: Callable[..., AbstractContextManager[PostgreSQL]], driver: str
    ) -> None:
        """A cancelled statement takes psycopg ten seconds, for which an orchestrator doesn't wait."""
        host = network.host()
        with own_postgresql(host=host) as server:
            url = server.url(driver=driver).render_as_string(hide_password=False)
            container = container_at(url, pool_ping_idle=60)
            async with container.database.async_engine().connect():
                pass
            network.cut(network.here, host)
            begun = time.monotonic()
            async with client_of(create_app(container)) as client:
                problem_of(await client.get("/health/ready"), 503)
            took = time.monotonic() - begun
            network.heal()
            await close_container(container)
        assert health.PATIENCE_SECONDS <= took < health.PATIENCE_SECONDS + 1


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
        ids=["list", "one", "report", "write", "delete"],
    )
    async def test_every_endpoint_says_to_try_again(
        self, missing_url: str, ask: Callable[[httpx2.AsyncClient], Awaitable[httpx2.Response]]
    ) -> None:
        """If the database is down, the response is a 503 with Retry-After."""
        container = container_at(missing_url)
        async with client_of(create_app(container)) as client:
            response = await ask(client)
            problem_of(response, 503)
            assert 1 <= int(response.headers["retry-after"]) <= 3
        await close_container(container)
