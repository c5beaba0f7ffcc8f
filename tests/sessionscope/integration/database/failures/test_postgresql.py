"""PostgreSQL's failures, by each of its drivers."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from functools import partial

import pytest

from sessionscope.database.errors import Failure, commit_outcome_is_known, failure_of
from sessionscope.testing.servers import PostgreSQL, PostgreSQLPair
from tests.sessionscope.integration.database.failures import common
from tests.sessionscope.integration.database.failures.adapter import (
    ADD,
    POSTGRESQL,
    Database,
    Driver,
    Provoke,
    failure,
    name_of,
    opened,
)
from tests.sessionscope.integration.database.failures.conftest import POSTGRESQL_TABLE

pytestmark = pytest.mark.isolation("none")

PID = "SELECT pg_backend_pid()"
READ = "SELECT count(*), pg_sleep(5) FROM {}"
KILL = "SELECT pg_terminate_backend({})"


@pytest.fixture(scope="module")
def standby(
    postgresql_pair: Callable[..., AbstractContextManager[PostgreSQLPair]],
) -> Generator[PostgreSQLPair, None, None]:
    """Give a primary with a standby that does not wait long for its readers."""
    with postgresql_pair() as pair:
        pair.primary.sql(POSTGRESQL_TABLE, database="app")
        pair.standby.sql("ALTER SYSTEM SET max_standby_streaming_delay = '100ms'; SELECT pg_reload_conf()")
        pair.catch_up()
        yield pair


async def changed_row(database: Database) -> BaseException:
    """A row was changed since the transaction's snapshot."""
    engine = database.engine(isolation_level="REPEATABLE READ")
    link = await engine.connect()
    await link.run("SELECT v FROM t WHERE id = 1")
    await engine.once(ADD.format(1))
    return await failure(link.run(ADD.format(1)))


async def write_skew(database: Database) -> BaseException:
    """Each of two transactions writes what the other one has read, and COMMIT reports that."""
    engine = database.engine(isolation_level="SERIALIZABLE")
    a, b = await engine.connect(), await engine.connect()
    for link, row in ((a, 1), (b, 2)):
        await link.run("SELECT sum(v) FROM t")
        await link.run(ADD.format(row))
    await a.commit()
    return await failure(b.commit())


async def deferred_violation(database: Database) -> BaseException:
    """A deferred constraint is checked by COMMIT."""
    link = await database.connect()
    await link.run("UPDATE t SET w = 2 WHERE id = 1")
    return await failure(link.commit())


async def statement_timeout(database: Database) -> BaseException:
    """A statement takes longer than the service's own limit."""
    link = await database.connect(statement_timeout=0.5)
    return await failure(link.run("SELECT pg_sleep(5)"))


async def idle_in_transaction(database: Database) -> BaseException:
    """The server ends a transaction that does nothing."""
    link = await database.connect()
    await link.run("SET idle_in_transaction_session_timeout = '50ms'")
    await asyncio.sleep(common.PAUSE_SECONDS)
    return await failure(link.run("SELECT 1"))


async def terminated_when_idle(database: Database) -> BaseException:
    """An administrator ends a connection; the next statement finds out."""
    link = await common.killed(database, await database.connect(), PID, KILL)
    return await failure(link.run("SELECT 1"))


async def terminated_before_commit(database: Database) -> BaseException:
    """The same, and COMMIT finds out."""
    link = await common.killed(database, await database.connect(), PID, KILL)
    return await failure(link.commit())


async def terminated_in_a_statement(database: Database) -> BaseException:
    """The same, while a statement runs."""
    return await common.struck(database, "SELECT pg_sleep(10)", PID, KILL)


ROWS: dict[Provoke, Failure] = {
    changed_row: Failure.SERIALIZATION,
    write_skew: Failure.SERIALIZATION,
    common.deadlock: Failure.DEADLOCK,
    common.lock_timeout: Failure.LOCK_TIMEOUT,
    common.nowait: Failure.LOCK_TIMEOUT,
    statement_timeout: Failure.STATEMENT_TIMEOUT,
    idle_in_transaction: Failure.CONNECTION_LOST,
    terminated_when_idle: Failure.CONNECTION_LOST,
    terminated_before_commit: Failure.CONNECTION_LOST,
    terminated_in_a_statement: Failure.CONNECTION_LOST,
    common.too_many_connections: Failure.TOO_MANY_CONNECTIONS,
    common.wrong_password: Failure.DENIED,
    common.no_database: Failure.DENIED,
    common.pool_exhausted: Failure.POOL_EXHAUSTED,
    common.unique_violation: Failure.CONFLICT,
    deferred_violation: Failure.CONFLICT,
}


@pytest.mark.parametrize("provoke", ROWS, ids=name_of)
@pytest.mark.parametrize("driver", POSTGRESQL, ids=name_of)
async def test_postgresql(driver: Driver, provoke: Provoke, weak_postgresql: PostgreSQL) -> None:
    """Each failure is told apart, whichever class the driver gives it, and the pool serves afterwards."""
    async with opened(weak_postgresql.url(), driver) as database:
        assert ROWS[provoke] == failure_of(await provoke(database))
        assert await database.recovers()


@pytest.mark.parametrize(
    ("provoke", "known"),
    [(write_skew, True), (deferred_violation, True), (terminated_before_commit, False)],
    ids=lambda value: "" if isinstance(value, bool) else name_of(value),
)
@pytest.mark.parametrize("driver", POSTGRESQL, ids=name_of)
async def test_commit(driver: Driver, provoke: Provoke, weak_postgresql: PostgreSQL, *, known: bool) -> None:
    """The outcome of a COMMIT is known only if the server responds."""
    async with opened(weak_postgresql.url(), driver) as database:
        assert known == commit_outcome_is_known(await provoke(database))


@pytest.mark.parametrize("driver", [each for each in POSTGRESQL if each.name != "psycopg2"], ids=name_of)
async def test_a_changed_table_is_no_known_failure(driver: Driver, weak_postgresql: PostgreSQL) -> None:
    """A prepared SELECT * whose table changed fails with a code of many meanings."""
    table = f"t_{driver}".replace("-", "_")
    async with opened(weak_postgresql.url(), driver) as database:
        await database.once(f"CREATE TABLE {table} (id int)")
        engine = database.engine()
        for _ in range(6):
            await engine.once(f"TABLE {table}")
        await database.once(f"ALTER TABLE {table} ADD COLUMN v int")
        assert failure_of(await failure(engine.once(f"TABLE {table}"))) is None


@pytest.mark.parametrize("driver", POSTGRESQL, ids=name_of)
async def test_write_on_the_standby(driver: Driver, standby: PostgreSQLPair) -> None:
    """A standby takes no writes; after a failover it may be the server that the service still talks to."""
    async with opened(standby.standby.url(), driver) as database:
        assert Failure.READ_ONLY == failure_of(await failure(database.once(ADD.format(1))))
        assert await database.recovers()


@pytest.mark.parametrize("driver", POSTGRESQL, ids=name_of)
async def test_no_primary_among_the_hosts(driver: Driver, standby: PostgreSQLPair) -> None:
    """While nobody is the primary, there is no server to connect to."""
    query = {"host": (f"127.0.0.1:{standby.standby.port}", "127.0.0.1:1"), "target_session_attrs": "read-write"}
    url = standby.standby.url().set(host=None, port=None, query=query)
    async with opened(url, driver) as database:
        assert Failure.UNREACHABLE == failure_of(await failure(database.connect()))


@pytest.mark.parametrize("driver", POSTGRESQL, ids=name_of)
async def test_standby_cancels_a_query(driver: Driver, standby: PostgreSQLPair) -> None:
    """The primary removed rows that a query on the standby still reads."""
    table = f"u_{driver}".replace("-", "_")
    standby.primary.sql(f"CREATE TABLE {table} (id int); GRANT SELECT ON {table} TO app", database="app")
    standby.catch_up()
    truncate = partial(standby.primary.sql, f"TRUNCATE {table}", database="app")
    async with opened(standby.standby.url(), driver) as database:
        link = await database.connect()
        reading = asyncio.create_task(failure(link.run(READ.format(table))))
        await asyncio.sleep(common.PAUSE_SECONDS)
        await asyncio.to_thread(truncate)
        assert Failure.SERIALIZATION == failure_of(await reading)
        assert await database.recovers()
