"""Fixtures that give database servers; none is started before a test asks for it.

``APP_TEST_POSTGRESQL_URL`` and ``APP_TEST_MYSQL_URL`` name servers that run already; they take the
place of the shared ones, not of those that a test has for itself.
A test whose server isn't installed is skipped; it fails where ``APP_TEST_REQUIRE`` names that server
(a list with commas of postgresql, mysql, galera, pgbouncer).
"""

import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import pytest
from sqlalchemy import make_url

from sessionscope.testing.servers.galera import Galera
from sessionscope.testing.servers.mariadb import MariaDB
from sessionscope.testing.servers.pair import PostgreSQLPair
from sessionscope.testing.servers.pgbouncer import PgBouncer
from sessionscope.testing.servers.postgresql import PostgreSQL
from sessionscope.testing.servers.programs import MissingBinary
from sessionscope.testing.servers.running import RunningServer
from sessionscope.testing.servers.shared import Run

RUN: Final = pytest.StashKey[Run]()
_WORKER_INPUT = "servers"


def pytest_configure(config: pytest.Config) -> None:
    """Name the run's directory: the controller's, where there are several workers."""
    config.stash[RUN] = Run(getattr(config, "workerinput", {}).get(_WORKER_INPUT))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of the directory."""
    node.workerinput[_WORKER_INPUT] = node.config.stash[RUN].name


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what still runs, once all workers have ended."""
    if not hasattr(config, "workerinput") and RUN in config.stash:
        config.stash[RUN].close()


@contextmanager
def needs(name: str) -> Generator[None, None, None]:
    """Skip the test where a program of the server *name* is missing; fail it where that server is required."""
    try:
        yield
    except MissingBinary as error:
        missing = str(error)
    else:
        return
    # Outside the handler, or the report would begin with the error.
    required = os.environ.get("APP_TEST_REQUIRE", "").split(",")
    if name in map(str.strip, required):
        pytest.fail(f"{missing} (APP_TEST_REQUIRE names {name})", pytrace=False)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def server_run(request: pytest.FixtureRequest) -> Run:
    """Give the directory of the run's servers."""
    return request.config.stash[RUN]


@pytest.fixture(scope="session")
def postgresql(server_run: Run) -> PostgreSQL | RunningServer:
    """Give the PostgreSQL server that all tests share; each makes databases of its own in it."""
    if url := os.environ.get("APP_TEST_POSTGRESQL_URL"):
        return RunningServer(make_url(url))
    with needs("postgresql"):
        return server_run.shared(PostgreSQL)


@pytest.fixture(scope="session")
def mariadb(server_run: Run) -> MariaDB | RunningServer:
    """Give the MariaDB server that all tests share; each makes databases of its own in it."""
    if url := os.environ.get("APP_TEST_MYSQL_URL"):
        return RunningServer(make_url(url))
    with needs("mysql"):
        return server_run.shared(MariaDB)


@pytest.fixture(scope="session")
def own_postgresql(server_run: Run) -> Callable[..., AbstractContextManager[PostgreSQL]]:
    """Give ``own_postgresql(**options)``, the context of a started `PostgreSQL` that nobody else has."""
    return _factory(server_run, "postgresql", PostgreSQL)


@pytest.fixture(scope="session")
def own_mariadb(server_run: Run) -> Callable[..., AbstractContextManager[MariaDB]]:
    """Give ``own_mariadb(**options)``, the context of a started `MariaDB` that nobody else has."""
    return _factory(server_run, "mysql", MariaDB)


@pytest.fixture(scope="session")
def postgresql_pair(server_run: Run) -> Callable[..., AbstractContextManager[PostgreSQLPair]]:
    """Give ``postgresql_pair(**options)``, the context of a started `PostgreSQLPair`."""
    return _factory(server_run, "postgresql", PostgreSQLPair)


@pytest.fixture(scope="session")
def galera(server_run: Run) -> Callable[..., AbstractContextManager[Galera]]:
    """Give ``galera(**options)``, the context of a started `Galera`."""
    return _factory(server_run, "galera", Galera)


@pytest.fixture(scope="session")
def pgbouncer(server_run: Run) -> Callable[..., AbstractContextManager[PgBouncer]]:
    """Give ``pgbouncer(upstream, **options)``, the context of a started `PgBouncer`."""
    return _factory(server_run, "pgbouncer", PgBouncer)


def _factory(run: Run, name: str, kind: Any) -> Callable[..., AbstractContextManager[Any]]:
    @contextmanager
    def factory(*arguments: Any, **options: Any) -> Generator[Any, None, None]:
        with needs(name), run.own(kind, *arguments, **options) as server:
            yield server

    return factory
