"""`db slow`, on servers that keep statistics and on those that don't."""

import json
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from sessionscope import close_container
from sessionscope.lifetimes.loops import finish
from sessionscope.observe.inspection.answering import Inspection
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.servers import MariaDB, PostgreSQL
from tests.sessionscope.integration.observe.conftest import Invoke
from tests.sessionscope.integration.observe.places import migrated_on
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.settings import Settings

pytestmark = pytest.mark.isolation("none")

SECRET = 424_242


@pytest.fixture(scope="module", name="watched_postgresql")
def _watched_postgresql(
    own_postgresql: Callable[..., AbstractContextManager[PostgreSQL]], alembic_project: Path
) -> Generator[str, None, None]:
    """Give a migrated database on a server with pg_stat_statements."""
    settings = {"shared_preload_libraries": "pg_stat_statements"}
    with own_postgresql(settings=settings) as server, migrated_on(server.url(), alembic_project) as url:
        server.sql("CREATE EXTENSION pg_stat_statements", database=str(make_url(url).database))
        yield url


@pytest.fixture(scope="module", name="watched_mariadb")
def _watched_mariadb(
    own_mariadb: Callable[..., AbstractContextManager[MariaDB]], alembic_project: Path
) -> Generator[str, None, None]:
    """Give a migrated database on a server with the performance schema."""
    options = ("--performance-schema=ON",)
    with own_mariadb(options=options) as server, migrated_on(server.url(), alembic_project) as url:
        yield server.url(str(make_url(url).database), admin=True).render_as_string(hide_password=False)


def sleep(url: str, function: str) -> None:
    """Run a slow statement once, and a fast one three times."""
    driver = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}[make_url(url).get_backend_name()]
    engine = create_engine(make_url(url).set(drivername=driver))
    with engine.connect() as connection:
        connection.execute(text(f"SELECT {function}(0.2), {SECRET}"))
        for number in range(3):
            connection.execute(text("SELECT count(*) FROM users WHERE id = :id"), {"id": number})
    engine.dispose()


def plain(statement: str) -> str:
    """Return a statement without the quotes and the capital letters that MariaDB gives it."""
    return statement.replace("`", "").lower()


class TestWatched:
    @pytest.mark.parametrize(
        ("server", "function", "plan"),
        [("watched_postgresql", "pg_sleep", "EXPLAIN"), ("watched_mariadb", "sleep", "EXPLAIN SELECT")],
    )
    def test_slowest_statement_is_first(
        self, invoke: Invoke, request: pytest.FixtureRequest, server: str, function: str, plan: str
    ) -> None:
        """It has its times, no values, and the SQL that shows its plan."""
        url: str = request.getfixturevalue(server)
        sleep(url, function)
        for by in ("total", "mean"):
            found = json.loads(invoke(url, "db", "slow", "--json", "--by", by, "--count", "200").stdout)
            _, source = found["sources"]
            first, *others = source["statements"]
            assert (by, "") == (found["by"], source["reason"])
            assert 0.2 <= first["mean"] <= first["longest"] <= first["total"] + 0.001
            assert function in first["statement"].lower()
            assert plan in first["explain"]
            # Other tests may have sent them too.
            assert [0] == [each["calls"] % 3 for each in others if "from users where id" in plain(each["statement"])]
        shown = invoke(url, "db", "slow", "--explain").stdout
        assert (True, True, False) == (" 1 " in shown, "plan " in shown, str(SECRET) in shown)
        _, source = json.loads(invoke(url, "db", "slow", "--json", "--count", "1").stdout)["sources"]
        assert 1 == len(source["statements"])

    def test_plan_can_be_shown(self, invoke: Invoke, watched_postgresql: str) -> None:
        """The SQL works as it is, although the values are not known."""
        sleep(watched_postgresql, "pg_sleep")
        found = json.loads(invoke(watched_postgresql, "db", "slow", "--json", "--count", "100").stdout)
        plans = {each["statement"]: each["explain"] for each in found["sources"][1]["statements"]}
        [plan] = [plan for statement, plan in plans.items() if "FROM users WHERE id =" in statement]
        engine = create_engine(make_url(watched_postgresql).set(drivername="postgresql+psycopg2"))
        with engine.connect() as connection:
            for statement in plan.split("; "):
                result = connection.exec_driver_sql(statement)
                lines = [str(row[0]) for row in result] if result.returns_rows else []
                assert ("EXPLAIN" in statement) == any("users" in line for line in lines)
        engine.dispose()


class TestUnwatched:
    def test_server_without_statistics_says_how_to_enable_them(
        self, invoke: Invoke, database_url_of_postgresql: str, database_url_of_mariadb: str, database_url: str
    ) -> None:
        """The exit code is 0, because nothing is wrong."""
        remedies = {
            database_url_of_postgresql: "CREATE EXTENSION pg_stat_statements",
            database_url_of_mariadb: "performance_schema = ON",
            database_url: "database.slow_statement",
        }
        for url, remedy in remedies.items():
            result = invoke(url, "db", "slow")
            assert (0, True) == (result.exit_code, remedy in result.stdout)

    def test_extension_that_is_not_loaded_is_found(
        self, invoke: Invoke, database_url_of_postgresql: str, postgresql: Any
    ) -> None:
        """The server needs a restart, although the database has the extension."""
        name = str(make_url(database_url_of_postgresql).database)
        admin = create_engine(postgresql.url(name, driver="psycopg", admin=True), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text("CREATE EXTENSION pg_stat_statements"))
        admin.dispose()
        assert "the server has not loaded" in invoke(database_url_of_postgresql, "db", "slow").stdout


class TestRunningProcesses:
    def test_slow_statement_of_a_process_is_shown_with_its_line(self, invoke: Invoke, tmp_path: Path) -> None:
        """What a running process has recorded is shown together, by statement and line of code."""
        database = DatabaseSettings(url=f"sqlite:///{tmp_path}/app.db", slow_statement=0.000_001)
        container: Any = ApplicationContainer(settings=Settings(database=database))
        inspection = Inspection(container)
        with container.database.engine().connect() as connection:
            for number in range(2):
                connection.execute(text("SELECT :number"), {"number": number})
        told = json.loads(invoke(f"sqlite:///{tmp_path}/app.db", "db", "slow", "--json").stdout)
        inspection.close()
        finish(close_container(container))
        source = told["sources"][0]
        assert "the running processes" == source["source"]
        (statement,) = [each for each in source["statements"] if each["statement"] == "SELECT ?"]
        assert 2 == statement["calls"]
        assert statement["code_line"].endswith("in test_slow_statement_of_a_process_is_shown_with_its_line")

    def test_without_one_the_remedy_is_told(self, invoke: Invoke, tmp_path: Path) -> None:
        """Nothing is known of processes that don't run."""
        (tmp_path / "app.db").touch()
        told = invoke(f"sqlite:///{tmp_path}/app.db", "db", "slow").stdout
        assert "no running process of this service has sent a slow statement: run this in the service's folder" in told
