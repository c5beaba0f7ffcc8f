"""MariaDB's failures, by each of its drivers."""

import asyncio
from collections.abc import Generator

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from sessionscope.database.backends.mysql.lost_sessions import Session, end_session, end_sessions
from sessionscope.database.engine import build_engine
from sessionscope.database.errors import Failure, commit_outcome_is_known, failure_of
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.servers import MariaDB
from tests.sessionscope.integration.database.failures import common
from tests.sessionscope.integration.database.failures.adapter import (
    ADD,
    MYSQL,
    Database,
    Driver,
    Provoke,
    failure,
    name_of,
    opened,
)

pytestmark = pytest.mark.isolation("none")

ID = "SELECT connection_id()"
# SLEEP() would only end early.
LONG = "SELECT count(*) FROM seq_1_to_10000000000 WHERE seq % 7 = 3"


async def changed_row(database: Database) -> BaseException:
    """A row was changed since the transaction's snapshot."""
    engine = database.engine()
    link = await engine.connect()
    await link.run("SET SESSION innodb_snapshot_isolation = ON")
    await link.commit()
    await link.run("SELECT v FROM t WHERE id = 1")
    await engine.once(ADD.format(1))
    return await failure(link.run(ADD.format(1)))


async def statement_timeout(database: Database) -> BaseException:
    """A statement takes longer than the service's own limit."""
    link = await database.connect(statement_timeout=0.5)
    return await failure(link.run(LONG))


async def statement_killed(database: Database) -> BaseException:
    """An administrator ends a statement."""
    return await common.struck(database, LONG, ID, "KILL QUERY {}")


async def killed_in_a_statement(database: Database) -> BaseException:
    """An administrator ends a connection that is executing a statement."""
    return await common.struck(database, LONG, ID, "KILL {}")


async def killed_when_idle(database: Database) -> BaseException:
    """An administrator ends a connection; the next statement finds out."""
    link = await common.killed(database, await database.connect(), ID, "KILL {}")
    return await failure(link.run("SELECT 1"))


async def killed_before_commit(database: Database) -> BaseException:
    """The same, and COMMIT finds out."""
    link = await common.killed(database, await database.connect(), ID, "KILL {}")
    return await failure(link.commit())


async def idle_in_transaction(database: Database) -> BaseException:
    """The server ends a transaction that does nothing."""
    link = await database.connect()
    await link.run("SET SESSION idle_transaction_timeout = 1")
    await link.run("SELECT v FROM t")
    await asyncio.sleep(1.2)
    return await failure(link.run("SELECT 1"))


async def read_only_transaction(database: Database) -> BaseException:
    """A read-only transaction is asked to write."""
    return await failure(database.once("SET SESSION TRANSACTION READ ONLY", "COMMIT", ADD.format(1)))


ROWS: dict[Provoke, Failure] = {
    changed_row: Failure.SERIALIZATION,
    common.deadlock: Failure.DEADLOCK,
    common.lock_timeout: Failure.LOCK_TIMEOUT,
    common.nowait: Failure.LOCK_TIMEOUT,
    statement_timeout: Failure.STATEMENT_TIMEOUT,
    statement_killed: Failure.STATEMENT_TIMEOUT,
    killed_in_a_statement: Failure.CONNECTION_LOST,
    killed_when_idle: Failure.CONNECTION_LOST,
    killed_before_commit: Failure.CONNECTION_LOST,
    idle_in_transaction: Failure.CONNECTION_LOST,
    common.too_many_connections: Failure.TOO_MANY_CONNECTIONS,
    common.wrong_password: Failure.DENIED,
    common.no_database: Failure.DENIED,
    common.pool_exhausted: Failure.POOL_EXHAUSTED,
    read_only_transaction: Failure.READ_ONLY,
    common.unique_violation: Failure.CONFLICT,
}


@pytest.mark.parametrize("provoke", ROWS, ids=name_of)
@pytest.mark.parametrize("driver", MYSQL, ids=name_of)
async def test_mariadb(driver: Driver, provoke: Provoke, weak_mariadb: MariaDB) -> None:
    """Each failure is told apart by the server's number for it, and the pool serves afterwards."""
    async with opened(weak_mariadb.url(), driver) as database:
        assert ROWS[provoke] == failure_of(await provoke(database))
        assert await database.recovers()


@pytest.mark.parametrize("driver", MYSQL, ids=name_of)
async def test_a_server_that_only_reads(driver: Driver, weak_mariadb: MariaDB) -> None:
    """A read-only server refuses writes, as a replica does. The same connection can write again once the server can."""
    weak_mariadb.sql("SET GLOBAL read_only = ON")
    try:
        async with opened(weak_mariadb.url(), driver) as database:
            engine = database.engine()
            error = await failure(engine.once(ADD.format(1)))
            weak_mariadb.sql("SET GLOBAL read_only = OFF")
            assert Failure.READ_ONLY == failure_of(error)
            await engine.once(ADD.format(1))
    finally:
        weak_mariadb.sql("SET GLOBAL read_only = OFF")


@pytest.mark.parametrize("driver", MYSQL, ids=name_of)
async def test_commit(driver: Driver, weak_mariadb: MariaDB) -> None:
    """A COMMIT without a response may have been executed."""
    async with opened(weak_mariadb.url(), driver) as database:
        assert not commit_outcome_is_known(await killed_before_commit(database))


class TestLostSessions:
    @pytest.fixture(name="engine")
    def _engine(self, weak_mariadb: MariaDB) -> Generator[Engine, None, None]:
        """Yield an engine."""
        engine = build_engine(DatabaseSettings(url=weak_mariadb.url().render_as_string(hide_password=False)))
        yield engine
        engine.dispose()

    def session_of(self, connection: Connection) -> Session:
        """Return the session of *connection*."""
        asks = f"SELECT id, SUBSTRING_INDEX(host, ':', -1) FROM information_schema.processlist WHERE id = ({ID})"  # noqa: S608 - fixed
        return Session(*connection.exec_driver_sql(asks).one())

    def test_only_sessions_of_lost_connections_are_ended(self, engine: Engine) -> None:
        """A session with the same number but another port belongs to another client."""
        with engine.connect() as lost, engine.connect() as other, engine.connect() as ender:
            session = self.session_of(lost)
            end_sessions(
                ender.connection,
                [session, self.session_of(other)._replace(port=session.port)],
                engine.dialect.loaded_dbapi,
            )
            other.exec_driver_sql("SELECT 1")
            with pytest.raises(OperationalError) as caught:
                lost.exec_driver_sql("SELECT 1")
            assert Failure.CONNECTION_LOST is failure_of(caught.value)

    def test_session_that_has_ended_is_no_error(self, engine: Engine) -> None:
        """It may end just before the statement that would end it."""
        with engine.connect() as ender:
            end_session(ender.connection.cursor(), Session(number=2**31, port=1), engine.dialect.loaded_dbapi)
