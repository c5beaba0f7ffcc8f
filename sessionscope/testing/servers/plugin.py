"""Fixtures for database servers. A server is started when the first test asks for it.

To use servers that are already running, set ``APP_TEST_POSTGRESQL_URL`` and ``APP_TEST_MYSQL_URL``. They replace the
shared servers, but not the servers that belong to a single test.
If a server isn't installed, its tests are skipped. They fail instead if ``APP_TEST_REQUIRE``, a list of postgresql,
mysql, galera, pgbouncer and network with commas between them, names that server. Tests with a browser do the same for
chromium.
"""

import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Final

import pytest
from sqlalchemy import make_url

from sessionscope.testing.servers.galera import Galera
from sessionscope.testing.servers.mariadb import MariaDB
from sessionscope.testing.servers.network import Network
from sessionscope.testing.servers.pair import PostgreSQLPair
from sessionscope.testing.servers.pgbouncer import PgBouncer
from sessionscope.testing.servers.postgresql import PostgreSQL
from sessionscope.testing.servers.programs import MissingBinary
from sessionscope.testing.servers.running import RunningServer
from sessionscope.testing.servers.shared import Run

RUN: Final = pytest.StashKey[Run]()
_WORKER_INPUT = "servers"


def pytest_configure(config: pytest.Config) -> None:
    """Choose the run's directory. Workers use the directory of their controller."""
    config.stash[RUN] = Run(getattr(config, "workerinput", {}).get(_WORKER_INPUT))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass the directory's name to a worker."""
    node.workerinput[_WORKER_INPUT] = node.config.stash[RUN].name


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the running servers after all workers have ended."""
    if not hasattr(config, "workerinput") and RUN in config.stash:
        config.stash[RUN].close()


@contextmanager
def needs(name: str) -> Generator[None, None, None]:
    """Skip the test if a program of the server *name* is missing, or fail it if that server is required."""
    try:
        yield
    except MissingBinary as error:
        missing = str(error)
    else:
        return
    # Outside the handler, so that the report doesn't begin with the error.
    required = os.environ.get("APP_TEST_REQUIRE", "").split(",")
    if name in map(str.strip, required):
        pytest.fail(f"{missing} (APP_TEST_REQUIRE names {name})", pytrace=False)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def server_run(request: pytest.FixtureRequest) -> Run:
    """Return the run, which has the directory of its servers."""
    return request.config.stash[RUN]


@pytest.fixture(scope="session")
def postgresql(server_run: Run) -> PostgreSQL | RunningServer:
    """Return the PostgreSQL server that all tests share. Each test creates its own databases on it."""
    if url := os.environ.get("APP_TEST_POSTGRESQL_URL"):
        return RunningServer(make_url(url))
    with needs("postgresql"):
        return server_run.shared(PostgreSQL)


@pytest.fixture(scope="session")
def mariadb(server_run: Run) -> MariaDB | RunningServer:
    """Return the MariaDB server that all tests share. Each test creates its own databases on it."""
    if url := os.environ.get("APP_TEST_MYSQL_URL"):
        return RunningServer(make_url(url))
    with needs("mysql"):
        return server_run.shared(MariaDB)


@pytest.fixture(scope="session")
def own_postgresql(server_run: Run) -> Callable[..., AbstractContextManager[PostgreSQL]]:
    """Return ``own_postgresql(**options)``, a context manager that starts a `PostgreSQL` for one test."""
    return _factory(server_run, "postgresql", PostgreSQL)


@pytest.fixture(scope="session")
def own_mariadb(server_run: Run) -> Callable[..., AbstractContextManager[MariaDB]]:
    """Return ``own_mariadb(**options)``, a context manager that starts a `MariaDB` for one test."""
    return _factory(server_run, "mysql", MariaDB)


@pytest.fixture(scope="session")
def postgresql_pair(server_run: Run) -> Callable[..., AbstractContextManager[PostgreSQLPair]]:
    """Return ``postgresql_pair(**options)``, a context manager that starts a `PostgreSQLPair`."""
    return _factory(server_run, "postgresql", PostgreSQLPair)


@pytest.fixture
def network() -> Generator[Network, None, None]:
    """Yield a `Network` for the servers of one test."""
    # The test itself is outside `needs`: it also starts servers, which may be missing.
    stack = ExitStack()
    with needs("network"):
        entered = stack.enter_context(Network())
    with stack:
        yield entered


@pytest.fixture(scope="session")
def galera(server_run: Run) -> Callable[..., AbstractContextManager[Galera]]:
    """Return ``galera(**options)``, a context manager that starts a `Galera`."""
    return _factory(server_run, "galera", Galera)


@pytest.fixture(scope="session")
def pgbouncer(server_run: Run) -> Callable[..., AbstractContextManager[PgBouncer]]:
    """Return ``pgbouncer(upstream, **options)``, a context manager that starts a `PgBouncer`."""
    return _factory(server_run, "pgbouncer", PgBouncer)


def _factory(run: Run, name: str, kind: Any) -> Callable[..., AbstractContextManager[Any]]:
    @contextmanager
    def factory(*arguments: Any, **options: Any) -> Generator[Any, None, None]:
        with needs(name), run.own(kind, *arguments, **options) as server:
            yield server

    return factory
