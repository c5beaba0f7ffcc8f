"""The example over HTTP, with two databases that its migrations made."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, func, select
from sqlalchemy.orm import Session
from typer.testing import Result

from examples.two_databases.shop import Entry, Sale, SaleService, ShopContainer, ShopSettings, create_app
from sessionscope import close_container, scope
from sessionscope.settings import DatabaseSettings
from tests.app.migrations.places import on_server

pytestmark = pytest.mark.every_database

Invoke = Callable[..., Result]


def settings_at(*urls: URL) -> ShopSettings:
    """Return the settings with the URLs of the shop and the journal."""
    shop, journal = (DatabaseSettings(url=url.render_as_string(hide_password=False)) for url in urls)
    return ShopSettings(database=shop, journal=journal)


def counted(session: Session, model: type[Sale] | type[Entry]) -> int | None:
    """Return how many rows a table has."""
    return session.scalar(select(func.count()).select_from(model))


@pytest.mark.parametrize(
    "isolation_mode",
    [pytest.param(mode, marks=pytest.mark.isolation(mode)) for mode in ("transaction", "database")],
)
class TestKit:
    """Both databases have their own tables, and each test begins with empty ones. So each test runs twice."""

    @pytest.mark.parametrize("_", range(2))
    async def test_each_database_has_its_own_migrations(
        self, container: ShopContainer, isolation_mode: str, _: int
    ) -> None:
        """What a test wrote into either database is gone in the next test."""
        async with scope():
            await container.sales().sell("tea")
            await container.sales().sell("milk")
            assert {"sales": 2, "entries": 2} == await container.sales().counts()
        with container.database.session_factory()() as shop, container.journal.session_factory()() as journal:
            assert (2, 2) == (counted(shop, Sale), counted(journal, Entry))
        assert isolation_mode in {"transaction", "database"}

    @pytest.mark.parametrize("_", range(2))
    async def test_requests_use_both(self, async_client: httpx2.AsyncClient, isolation_mode: str, _: int) -> None:
        """The application has the test's databases, and is ready with them."""
        assert 201 == (await async_client.post("/sales/tea")).status_code
        assert {"sales": 1, "entries": 1} == (await async_client.get("/counts")).json()
        assert 200 == (await async_client.get("/health/ready")).status_code
        assert isolation_mode in {"transaction", "database"}

    def test_services_can_be_replaced(self, override: Any, client: httpx2.Client, isolation_mode: str) -> None:
        """An override works as in a service with one database."""

        class FakeSales(SaleService):
            def __init__(self) -> None:
                """Take no databases."""

            async def counts(self) -> dict[str, int]:
                return {"sales": 7, "entries": 8}

        override("sales", FakeSales())
        assert {"sales": 7, "entries": 8} == client.get("/counts").json()
        assert isolation_mode in {"transaction", "database"}


@pytest.mark.isolation("none")
class TestService:
    async def sell(self, app: FastAPI) -> dict[str, int]:
        """Sell twenty things at once over HTTP. Return how many rows both databases have then."""
        transport = httpx2.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://x") as http,
        ):
            assert 200 == (await http.get("/health/ready")).status_code
            responses = await asyncio.gather(*(http.post(f"/sales/tea-{number}") for number in range(20)))
            assert {201} == {response.status_code for response in responses}
            counts: dict[str, int] = (await http.get("/counts")).json()
            database, journal = app.state.container.database, app.state.container.journal
            assert database.async_engine().url != journal.async_engine().url
            assert (0, 0) == (database.async_engine().pool.checkedout(), journal.async_engine().pool.checkedout())
        return counts

    async def test_each_has_its_own(self, invoke: Invoke, urls: tuple[URL, URL]) -> None:
        """A scope has a session of each database, and closes both."""
        assert [0, 0] == [invoke("db", *which, "upgrade").exit_code for which in ([], ["--database", "journal"])]
        app = create_app(ShopContainer(settings=settings_at(*urls)))
        assert {"sales": 20, "entries": 20} == await self.sell(app)

    async def test_a_scope_shares_one_session_per_database(self, urls: tuple[URL, URL]) -> None:
        """Two databases, two sessions; no more."""
        container = ShopContainer(settings=settings_at(*urls))
        async with scope():
            sessions = {container.database.async_session(), container.journal.async_session()}
            assert sessions == {container.database.async_session(), container.journal.async_session()}
            assert 2 == len(sessions)
        await close_container(container)

    async def test_readiness_names_the_database_that_is_behind(self, invoke: Invoke, urls: tuple[URL, URL]) -> None:
        """Each database that has migrations counts, and the remedy has its name."""
        invoke("db", "upgrade")
        invoke("db", "--database", "journal", "upgrade")
        invoke("db", "--database", "journal", "downgrade", "base", "--yes")
        app = create_app(ShopContainer(settings=settings_at(*urls)))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://x") as http:
            response = await http.get("/health/ready")
        await close_container(app.state.container)
        expected = "the database journal is at no revision, the service wants 0001: run `db --database journal upgrade`"
        assert (503, expected) == (response.status_code, response.json()["detail"])

    @pytest.mark.usefixtures("failed_connections_end")
    async def test_readiness_names_the_database_that_does_not_answer(
        self, invoke: Invoke, urls: tuple[URL, URL]
    ) -> None:
        """One of two databases is missing."""
        invoke("db", "upgrade")
        nowhere = urls[1].set(database="/missing/journal.db" if urls[1].host is None else "missing")
        app = create_app(ShopContainer(settings=settings_at(urls[0], nowhere)))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://x") as http:
            response = await http.get("/health/ready")
        await close_container(app.state.container)
        assert (503, "the database journal does not answer") == (response.status_code, response.json()["detail"])


@pytest.mark.every_database(but=["mysql", "postgresql+psycopg", "postgresql+asyncpg", "postgresql+psycopg2"])
@pytest.mark.isolation("none")
async def test_two_databases_may_be_of_different_kinds(
    postgresql: Any, mariadb: Any, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shop on PostgreSQL, the journal on MariaDB."""
    with on_server(postgresql.url()) as shop, on_server(mariadb.url()) as journal:
        for name, url in (("DATABASE", shop), ("JOURNAL", journal)):
            monkeypatch.setenv(f"APP_{name}__URL", url.render_as_string(hide_password=False))
        assert [0, 0] == [invoke("db", *which, "upgrade").exit_code for which in ([], ["--database", "journal"])]
        app = create_app(ShopContainer(settings=settings_at(shop, journal)))
        assert {"sales": 20, "entries": 20} == await TestService().sell(app)
