"""`db locks`: connections that wait for each other on a real server, and the process that writes to a file."""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from sessionscope.testing.servers import MariaDB, PostgreSQL
from tests.sessionscope.integration.observe.conftest import Invoke
from tests.sessionscope.integration.observe.places import migrated_on

pytestmark = pytest.mark.isolation("none")

SECRET = "s3cr3t@example.com"
# With the value in it, as MariaDB's drivers send it.
CHANGE = text("UPDATE things SET email = 's3cr3t@example.com' WHERE id = 1")
WITHOUT_VALUES = "UPDATE things SET email = ? WHERE id = ?"
SECONDS = 20


@contextmanager
def table_with_a_row(engine: Engine) -> Generator[Connection, None, None]:
    """Yield a connection that has changed the only row of a table in a transaction."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE things (id INTEGER PRIMARY KEY, email VARCHAR(40))"))
        connection.execute(text("INSERT INTO things VALUES (1, '')"))
    with engine.connect() as connection:
        connection.execute(CHANGE)
        yield connection


def wait_for_the_row(engine: Engine) -> None:
    """Wait for the row, until the other connection ends or is ended."""
    with suppress(DBAPIError), engine.connect() as connection:
        connection.execute(CHANGE)


def trees(invoke: Invoke, url: str, *options: str) -> list[dict[str, Any]]:
    """Return what the command finds, as soon as a connection waits."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        result = invoke(url, "db", "locks", "--json", *options)
        assert 0 == result.exit_code
        found: list[dict[str, Any]] = json.loads(result.stdout)["blockers"]
        if found:
            return found
    pytest.fail("no connection waits")


@pytest.fixture(scope="module", params=["postgresql", "mariadb"], name="server")
def _server(request: pytest.FixtureRequest) -> Generator[PostgreSQL | MariaDB, None, None]:
    """Give a server of these tests' own: on a shared one, other tests wait for locks too."""
    own: Callable[[], AbstractContextManager[PostgreSQL | MariaDB]] = request.getfixturevalue(f"own_{request.param}")
    with own() as server:
        yield server


@pytest.fixture(name="engine")
def _engine(server: PostgreSQL | MariaDB, alembic_project: Path) -> Generator[Engine, None, None]:
    """Give an engine of another program, on a database of this test's own on each server."""
    with migrated_on(server.url(), alembic_project) as written:
        url = make_url(written)
        if url.get_backend_name() == "postgresql":
            named = {"application_name": "report"}
            engine = create_engine(url.set(drivername="postgresql+psycopg"), connect_args=named)
        else:
            engine = create_engine(url.set(drivername="mysql+pymysql"))
        yield engine
        engine.dispose()


@pytest.fixture(name="admin_url")
def _admin_url(engine: Engine, server: PostgreSQL | MariaDB) -> str:
    """Give the URL of the database for a user who may see the locks of others."""
    if isinstance(server, PostgreSQL):
        url = engine.url.set(drivername="postgresql")
    else:
        url = server.url(str(engine.url.database), admin=True)
    return url.render_as_string(hide_password=False)


class TestServers:
    def test_waiter_is_below_what_blocks_it(self, invoke: Invoke, engine: Engine, admin_url: str) -> None:
        """The tree has the statement without values, and the SQL that ends the blocking connection works."""
        with ThreadPoolExecutor() as threads, table_with_a_row(engine) as blocking:
            waiting = threads.submit(wait_for_the_row, engine)
            [top] = trees(invoke, admin_url)
            [waiter] = top["waiters"]
            assert ("idle in transaction", "app", "") == (top["state"], top["user"], top["waits_for"])
            assert ([top["id"]], WITHOUT_VALUES) == (
                waiter["blocked_by"],
                waiter["statement"],
            )
            assert waiter["waits_for"].endswith("things")
            shown = invoke(admin_url, "db", "locks").stdout
            assert (True, True, False) == (top["end"] in shown, str(waiter["id"]) in shown, SECRET in shown)
            admin = create_engine(make_url(admin_url).set(drivername=engine.url.drivername))
            with admin.connect() as connection:
                connection.execute(text(top["end"]))
            admin.dispose()
            waiting.result(timeout=SECONDS)
            blocking.invalidate()

    def test_values_are_shown_on_request(self, invoke: Invoke, engine: Engine, admin_url: str) -> None:
        """They may be needed, and they may be secret."""
        with ThreadPoolExecutor() as threads, table_with_a_row(engine) as blocking:
            waiting = threads.submit(wait_for_the_row, engine)
            [top] = trees(invoke, admin_url, "--values")
            assert SECRET in top["waiters"][0]["statement"]
            blocking.rollback()
            waiting.result(timeout=SECONDS)

    def test_server_where_nobody_waits(self, invoke: Invoke, engine: Engine, admin_url: str) -> None:
        """An open transaction alone is not a problem."""
        with table_with_a_row(engine):
            assert "No connection waits for a lock.\n" == invoke(admin_url, "db", "locks").stdout


class TestPrivileges:
    def test_missing_privilege_is_named(self, invoke: Invoke, database_url_of_mariadb: str) -> None:
        """MariaDB shows locks only to a user with PROCESS."""
        result = invoke(database_url_of_mariadb, "db", "locks")
        assert (0, True) == (result.exit_code, "GRANT PROCESS ON *.* TO the user" in result.stdout)


class TestFile:
    def test_process_that_writes_is_found(self, invoke: Invoke, database_url: str) -> None:
        """On Linux, the system knows which process has the lock of writers. It is this one."""
        with closing(sqlite3.connect(str(make_url(database_url).database), isolation_level=None)) as connection:
            assert "No connection waits for a lock.\n" == invoke(database_url, "db", "locks").stdout
            connection.execute("BEGIN IMMEDIATE")
            found = json.loads(invoke(database_url, "db", "locks", "--json").stdout)
        assert [(os.getpid(), f"kill {os.getpid()}")] == [(each["id"], each["end"]) for each in found["blockers"]]

    def test_process_that_is_not_known_is_said_so(
        self, invoke: Invoke, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
    ) -> None:
        """Other systems don't tell."""
        monkeypatch.setattr("sessionscope.database.backends.sqlite.write_lock._LOCKS", tmp_path / "nothing")
        with closing(sqlite3.connect(str(make_url(database_url).database), isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            shown = invoke(database_url, "db", "locks").stdout
        assert "SQLite doesn't tell which one: `fuser -v " in " ".join(shown.split())
