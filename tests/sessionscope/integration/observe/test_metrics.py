"""`/metrics` tells Prometheus what happens to connections, units of work and requests."""

import asyncio
import json
import re
from collections.abc import Generator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sessionscope import close_container, scope
from sessionscope.errors import SetupError
from sessionscope.fastapi.sessions import AsyncSessionDep
from sessionscope.observe.metrics import install_metrics
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.serving import Server, serving
from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.settings import Settings

pytestmark = pytest.mark.isolation("none")

Labels = dict[str, str]
FOLDER: Final = files("sessionscope.observe.metrics")


def values(server: Server, name: str) -> list[tuple[Labels, float]]:
    """Return each sample of that name."""
    body = httpx2.get(f"{server.url}/metrics").text
    families = text_string_to_metric_families(body)
    return [(each.labels, each.value) for family in families for each in family.samples if each.name == name]


def value(server: Server, name: str, **labels: str) -> float:
    """Return the sum of the samples that have these labels."""
    return sum(found for their, found in values(server, name) if labels.items() <= their.items())


@pytest.fixture(name="database", params=["queue", "null"])
def _database(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseSettings:
    """Give settings for a database of its own, with a pool and without one."""
    return DatabaseSettings(
        url=f"sqlite:///{tmp_path}/app.db",
        pool_class=request.param,
        pool_size=1,
        max_overflow=1,
        transaction_attempts=2,
    )


@pytest.fixture(name="container")
def _container(database: DatabaseSettings) -> Generator[Any, None, None]:
    """Give the container of the service."""
    container = ApplicationContainer(settings=Settings(database=database))
    yield container
    asyncio.run(close_container(container))


@pytest.fixture(name="app")
def _app(container: Any) -> FastAPI:
    """Give the service, with an endpoint that uses the database and itself says what is in use."""
    app = create_app(container)

    async def read(session: AsyncSessionDep) -> int:
        result = await session.execute(text("SELECT 7"))
        return int(result.scalar_one())

    router = APIRouter()
    router.get("/items/{number}")(read)
    app.include_router(router, prefix="/first")
    app.include_router(router, prefix="/second")
    return app


class TestConnections:
    def test_connections_are_counted_with_and_without_a_pool(self, app: FastAPI, database: DatabaseSettings) -> None:
        """Each use of a connection was waited for and held, also if no pool keeps it."""
        name = str(database.url).removeprefix("***")
        labels = {"database": name, "driver": "aiosqlite"}
        with serving(app) as server:
            for number in range(3):
                httpx2.get(f"{server.url}/first/items/{number}").raise_for_status()
            counted = {
                metric: value(server, f"sessionscope_connection_{metric}_seconds_count", **labels)
                for metric in ("acquire", "hold")
            }
        assert {"acquire": 3, "hold": 3} == counted

    def test_connections_in_use_are_shown(self, app: FastAPI, container: Any, database: DatabaseSettings) -> None:
        """The gauges are those of the pools when Prometheus asks; without a pool there is no limit."""
        with serving(app) as server, container.database.engine().connect():
            in_use = value(server, "sessionscope_connections_in_use", engine="database.engine")
            limits = values(server, "sessionscope_connections_limit")
        assert 1 == in_use
        expected = [2.0] if database.pool_class == "queue" else []
        assert expected == [limit for labels, limit in limits if labels["engine"] == "database.engine"]


@pytest.mark.parametrize("database", ["queue"], indirect=True)
class TestUnitsOfWork:
    def test_the_end_of_a_unit_is_counted(self, app: FastAPI, container: Any, database: DatabaseSettings) -> None:
        """Units count as committed, as run again by cause, and as given up by cause."""
        deadlock: Any = Exception("deadlock")
        deadlock.sqlstate = "40P01"

        def collide(_session: object) -> None:
            raise DBAPIError("UPDATE", {}, deadlock)

        labels = {"database": database.url.get_secret_value().render_as_string()}
        with scope():
            container.database.transactions().run(lambda _session: None)
            with pytest.raises(DBAPIError):
                container.database.transactions().run(collide)
        with serving(app) as server:
            committed = value(server, "sessionscope_units_committed_total", **labels)
            retried = value(server, "sessionscope_units_retried_total", cause="deadlock", **labels)
            given_up = value(server, "sessionscope_units_given_up_total", cause="deadlock", **labels)
        assert (1, 1, 1) == (committed, retried, given_up)


@pytest.mark.parametrize("database", ["queue"], indirect=True)
class TestRequests:
    def test_one_path_under_two_prefixes_is_two_routes(self, app: FastAPI) -> None:
        """A latency belongs to the full path of the route."""
        name = "sessionscope_http_request_seconds_count"
        with serving(app) as server:
            before = [value(server, name, route=f"/{prefix}/items/{{number}}") for prefix in ("first", "second")]
            for path in ("first/items/1", "second/items/2", "second/items/3"):
                httpx2.get(f"{server.url}/{path}").raise_for_status()
            after = [value(server, name, route=f"/{prefix}/items/{{number}}") for prefix in ("first", "second")]
        assert [1, 2] == [now - then for now, then in zip(after, before, strict=True)]

    def test_what_a_client_makes_up_is_one_series(self, app: FastAPI) -> None:
        """Paths without a route and unknown methods can't fill the memory."""
        with serving(app) as server:
            for number in range(3):
                httpx2.request("PROPFIND", f"{server.url}/nowhere/{number}")
            series = [labels for labels, _ in values(server, "sessionscope_http_request_seconds_count")]
        # Other tests may have sent other requests, in the same process.
        without_route = {"method": "OTHER", "route": "", "status": "404"}
        assert 1 == series.count(without_route)
        assert not [labels for labels in series if "nowhere" in labels["route"]]

    def test_metrics_are_no_part_of_the_interface(self, app: FastAPI) -> None:
        """The OpenAPI document describes the service, not its operation."""
        assert "/metrics" not in app.openapi()["paths"]


def test_metrics_need_what_measures_requests() -> None:
    """Without the line per request nothing is measured, and the error says what is missing."""
    with pytest.raises(SetupError, match=r"call log_requests\(app\) before"):
        install_metrics(FastAPI())


class TestFiles:
    """The alerting rules and the dashboard ask for metrics that exist."""

    @staticmethod
    def existing(app: FastAPI) -> set[str]:
        """Return the names of all samples."""
        with serving(app) as server:
            httpx2.get(f"{server.url}/first/items/1")
            body = httpx2.get(f"{server.url}/metrics").text
        declared = set(re.findall(r"^# TYPE (\w+)", body, re.MULTILINE))
        parts = {f"{name}{suffix}" for name in declared for suffix in ("_bucket", "_count", "_sum")}
        return declared | parts

    @pytest.mark.parametrize("database", ["queue"], indirect=True)
    @pytest.mark.parametrize("name", ["alerts.yaml", "dashboard.json"])
    def test_each_name_exists(self, app: FastAPI, name: str) -> None:
        """A metric that is renamed would silence an alert."""
        asked = set(re.findall(r"sessionscope_\w+", (FOLDER / name).read_text()))
        assert asked
        assert set() == asked - self.existing(app)

    def test_alerts_say_what_to_do(self) -> None:
        """Each rule has a severity, a summary and a description."""
        _, *rules = (FOLDER / "alerts.yaml").read_text().split("- alert: ")
        assert rules
        for rule in rules:
            parts = re.findall(r"^ +(severity: (?:warning|critical)|summary|description|expr)", rule, re.MULTILINE)
            assert ["expr", "severity", "summary", "description"] == [part.partition(":")[0] for part in parts]

    def test_the_dashboard_shows_every_metric(self) -> None:
        """What is measured can be looked at."""
        shown = (FOLDER / "dashboard.json").read_text()
        assert json.loads(shown)["panels"]
        own = re.findall(r"^# TYPE (sessionscope_\w+) (?:counter|histogram)", generate_latest().decode(), re.MULTILINE)
        assert own
        assert [] == [name for name in own if name not in shown]
