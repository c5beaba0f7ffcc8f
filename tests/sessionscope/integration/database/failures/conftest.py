"""Servers that tests may disturb, one of each kind per worker. Each test leaves them running."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager

import pytest

from sessionscope.testing.servers import MariaDB, PostgreSQL

CONNECTIONS = "20"
POSTGRESQL_TABLE = """\
SET ROLE app;
CREATE TABLE t (id int PRIMARY KEY, v int, w int UNIQUE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO t VALUES (1, 0, 1), (2, 0, 2);
"""
MARIADB_TABLE = "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0)"


@pytest.fixture(scope="session")
def weak_postgresql(
    own_postgresql: Callable[..., AbstractContextManager[PostgreSQL]],
) -> Generator[PostgreSQL, None, None]:
    """Yield a server with few connections, which detects deadlocks early, and whose commits survive a crash."""
    settings = {"max_connections": CONNECTIONS, "deadlock_timeout": "100ms", "synchronous_commit": "on"}
    with own_postgresql(settings=settings) as server:
        server.sql(POSTGRESQL_TABLE, database="app")
        yield server


@pytest.fixture(scope="session")
def weak_mariadb(own_mariadb: Callable[..., AbstractContextManager[MariaDB]]) -> Generator[MariaDB, None, None]:
    """Yield a server with few connections, whose commits survive a crash."""
    options = (f"--max-connections={CONNECTIONS}", "--innodb-flush-log-at-trx-commit=1")
    with own_mariadb(options=options) as server:
        server.sql(MARIADB_TABLE, database="app")
        yield server
