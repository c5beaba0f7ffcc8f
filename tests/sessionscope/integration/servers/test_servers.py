"""Tests get real and private servers, which are gone afterwards."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from sessionscope.testing.servers import Galera, MariaDB, PgBouncer, PostgreSQL, PostgreSQLPair, RunningServer, ports
from sessionscope.testing.servers.programs import ServerError

pytestmark = pytest.mark.isolation("none")


def asked(url: Any, statement: str) -> Any:
    """Return the value that *statement* has, in autocommit."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        result = connection.execute(text(statement))
        return result.scalar() if result.returns_rows else None


@pytest.fixture(scope="module")
def own(own_postgresql: Callable[..., AbstractContextManager[PostgreSQL]]) -> Generator[PostgreSQL, None, None]:
    """Yield a PostgreSQL server that tests may disturb."""
    with own_postgresql(settings={"work_mem": "5MB"}) as server:
        yield server


@pytest.fixture(scope="module")
def own_maria(own_mariadb: Callable[..., AbstractContextManager[MariaDB]]) -> Generator[MariaDB, None, None]:
    """Yield a MariaDB server that tests may disturb."""
    with own_mariadb(options=("--lock-wait-timeout=7",)) as server:
        yield server


def test_postgresql_serves_its_user_and_its_administrator(own: PostgreSQL) -> None:
    """The user may create databases but is not a superuser; the test's own setting is in force."""
    pytest.importorskip("psycopg")
    assert asked(own.url(driver="psycopg"), "SELECT current_user || usesuper FROM pg_user WHERE usename = 'app'")
    asked(own.url(driver="psycopg"), "CREATE DATABASE app_other")
    assert asked(own.url("app_other", driver="psycopg", admin=True), "SELECT current_user") == "postgres"
    assert own.sql("SHOW work_mem") == "5MB"


def test_postgresql_refuses_a_wrong_password(own: PostgreSQL) -> None:
    """Passwords are checked, as they are in production."""
    pytest.importorskip("psycopg")
    with pytest.raises(Exception, match="password authentication failed"):
        asked(own.url(driver="psycopg").set(password="wrong"), "SELECT 1")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_postgresql_keeps_commits_across_restarts(own: PostgreSQL, end: str) -> None:
    """After a clean stop and after a crash the server starts again on its port, with what was committed."""
    port = own.port
    own.sql(f"CREATE DATABASE kept_{end}")
    getattr(own, end)()
    assert own.pid is None
    assert not ports.listens(port)
    own.start()
    assert own.port == port
    assert own.sql("SELECT 1", database=f"kept_{end}") == "1"


def test_restart_is_a_new_process(own: PostgreSQL) -> None:
    """`restart` ends the process and starts another; `start` leaves one that runs alone."""
    before = own.pid
    own.start()
    assert own.pid == before
    own.restart()
    assert own.pid not in {None, before}


def test_pgbouncer_hands_out_the_server(own: PostgreSQL, pgbouncer: Callable[..., Any]) -> None:
    """Clients reach any database through PgBouncer, and its console shows the pool mode."""
    pytest.importorskip("psycopg2")
    with pgbouncer(own) as bouncer:
        assert isinstance(bouncer, PgBouncer)
        assert asked(bouncer.url(driver="psycopg2"), "SELECT current_user") == "app"
        assert own.url().port != bouncer.url().port
    assert not ports.listens(bouncer.port)


def test_mariadb_serves_its_user_and_its_administrator(own_maria: MariaDB) -> None:
    """The user makes and drops databases whose name begins with the application's, and no others."""
    pytest.importorskip("pymysql")
    url = own_maria.url(driver="pymysql")
    asked(url, "CREATE DATABASE app_gw0_x")
    asked(url, "DROP DATABASE app_gw0_x")
    with pytest.raises(Exception, match="Access denied"):
        asked(url, "CREATE DATABASE other")
    assert asked(own_maria.url(driver="pymysql", admin=True), "SELECT @@lock_wait_timeout") == 7
    assert own_maria.sql("SELECT @@character_set_server") == "utf8mb4"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_mariadb_starts_again(own_maria: MariaDB, end: str) -> None:
    """After a clean stop and after a crash the server starts again on its port, with its tables."""
    own_maria.sql(f"CREATE TABLE app.kept_{end} (id INT); SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    getattr(own_maria, end)()
    assert own_maria.pid is None
    own_maria.start()
    assert own_maria.sql(f"SHOW TABLES FROM app LIKE 'kept_{end}'") == f"kept_{end}"


def test_a_synchronous_standby_has_each_commit(
    postgresql_pair: Callable[..., AbstractContextManager[PostgreSQLPair]],
) -> None:
    """What is committed is on the standby at once; commits don't wait for one that was promoted."""
    with postgresql_pair(synchronous=True) as pair:
        pair.primary.sql("CREATE TABLE kept (value INT)")
        for count in map(str, range(1, 6)):
            pair.primary.sql("INSERT INTO kept VALUES (1)")
            assert pair.standby.sql("SELECT count(*) FROM kept") == count
        pair.promote()
        pair.primary.sql("INSERT INTO kept VALUES (1)")


def test_a_standby_takes_over(postgresql_pair: Callable[..., AbstractContextManager[PostgreSQLPair]]) -> None:
    """The standby follows, takes over from a primary that crashed, and the old primary follows the new one."""
    pytest.importorskip("psycopg")
    with postgresql_pair() as pair:
        first, url = pair.primary, pair.url(driver="psycopg")
        assert asked(url, "SELECT inet_server_port()") == first.port
        first.sql("CREATE TABLE kept AS SELECT 1 AS value")
        pair.catch_up()
        assert pair.standby.sql("SELECT value FROM kept") == "1"
        with pytest.raises(ServerError, match="read-only"):
            pair.standby.sql("DELETE FROM kept")
        first.kill()
        pair.promote()
        assert pair.standby is first
        assert asked(url, "SELECT inet_server_port()") == pair.primary.port
        pair.primary.sql("UPDATE kept SET value = 2")
        pair.rejoin()
        pair.catch_up()
        assert first.sql("SELECT value FROM kept") == "2"


def test_a_killed_node_joins_again(galera: Callable[..., AbstractContextManager[Galera]]) -> None:
    """Each node takes writes that all have; two go on without the third, which finds them when it is back."""
    with galera() as cluster:
        first, second, third = cluster.nodes
        first.sql("CREATE TABLE app.kept (id INT PRIMARY KEY)")
        third.sql("INSERT INTO app.kept VALUES (1)")
        second.kill()
        first.sql("INSERT INTO app.kept VALUES (2)")
        cluster.wait_synced()
        cluster.start()
        assert second.sql("SET wsrep_sync_wait = 1; SELECT count(*) FROM app.kept") == "2"
        pids = [node.pid for node in cluster.nodes]
    assert all(pids)
    assert all(node.pid is None for node in cluster.nodes)


def test_a_server_that_does_not_start_says_why(own_postgresql: Callable[..., Any]) -> None:
    """The error has the server's log, and no process is left running."""
    with pytest.raises(ServerError, match="no_such_setting"), own_postgresql(settings={"no_such_setting": "1"}):
        pass


def test_a_running_server_is_named_by_its_url() -> None:
    """The only user is also the administrator. You can choose the database and the driver."""
    server = RunningServer(make_url("mysql://me:word@db.example:3307/mine"))
    assert str(server.url()) == "mysql://me:***@db.example:3307/mine"
    assert str(server.url("other", driver="pymysql", admin=True)) == "mysql+pymysql://me:***@db.example:3307/other"
