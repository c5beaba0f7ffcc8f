"""A server falls silent: its connections end in time, idle or in use, with every driver."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack
from time import monotonic
from typing import Any, Final, NamedTuple

import pytest
from sqlalchemy import URL

from sessionscope.database.errors import Failure, failure_of
from sessionscope.testing.servers import MariaDB, Network, PostgreSQL
from sessionscope.testing.servers.plugin import needs
from tests.sessionscope.integration.database.failures.adapter import (
    ADD,
    MYSQL,
    POSTGRESQL,
    Database,
    Driver,
    Engine,
    Link,
    failure,
    opened,
)
from tests.sessionscope.integration.database.failures.conftest import MARIADB_TABLE, POSTGRESQL_TABLE

pytestmark = pytest.mark.isolation("none")

DRIVERS: Final = (*POSTGRESQL, *MYSQL)
# The shortest that the settings take, and what it may take longer on a busy machine.
LIMIT: Final = 3
LATE: Final = 2
LONG: Final = 60
# Long enough for a statement to reach the server.
BEGUN: Final = 0.3


class Ground(NamedTuple):
    """A network with a server of each kind, each on a host of its own."""

    network: Network
    postgresql: PostgreSQL
    mariadb: MariaDB

    def url_of(self, driver: Driver) -> URL:
        """Return the URL of the server for *driver*."""
        return (self.mariadb if driver in MYSQL else self.postgresql).url()

    def cut(self) -> None:
        """Lose all packets between the tests and the servers."""
        for server in (self.postgresql, self.mariadb):
            assert server.host is not None
            self.network.cut(self.network.here, server.host)


@pytest.fixture(scope="module")
def servers(
    own_postgresql: Callable[..., AbstractContextManager[PostgreSQL]],
    own_mariadb: Callable[..., AbstractContextManager[MariaDB]],
) -> Generator[Ground, None, None]:
    """Yield the servers, each with a table."""
    stack = ExitStack()
    with needs("network"):
        network = stack.enter_context(Network())
    with stack, own_postgresql(host=network.host()) as postgresql, own_mariadb(host=network.host()) as mariadb:
        postgresql.sql(POSTGRESQL_TABLE, database="app")
        mariadb.sql(MARIADB_TABLE, database="app")
        yield Ground(network, postgresql, mariadb)


@pytest.fixture
def ground(servers: Ground) -> Generator[Ground, None, None]:
    """Yield the servers, whose network is whole again after the test."""
    yield servers
    servers.network.heal()


Work = Callable[[Database], Awaitable[Any]]


async def told(ground: Ground, before: Work, after: Callable[[Any], Awaitable[Any]]) -> dict[str, Any]:
    """Return what each driver tells, and how long it took at most; all are tried at the same time.

    Args:
        ground: The servers, which are cut off between the two steps. The network is healed at the end.
        before: Is called with the database of each driver.
        after: Is called with what *before* returned.

    Returns:
        By driver, what *after* returned, and under ``seconds`` the longest time that one of them took.
    """
    times: list[float] = []

    async def timed(given: Any) -> Any:
        begun = monotonic()
        try:
            return await after(given)
        finally:
            times.append(monotonic() - begun)

    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(opened(ground.url_of(driver), driver)) for driver in DRIVERS]
        stack.callback(ground.network.heal)
        given = [await before(database) for database in databases]
        await asyncio.sleep(BEGUN)
        ground.cut()
        results = await asyncio.gather(*map(timed, given))
    return dict(zip(map(str, DRIVERS), results, strict=True)) | {"seconds": max(times)}


def sleep(database: Database, seconds: float) -> str:
    """Return a statement that takes some *seconds*."""
    return f"SELECT {'SLEEP' if database.driver in MYSQL else 'pg_sleep'}({seconds})"


def everywhere(value: Any) -> dict[str, Any]:
    """Return the same *value* for each driver."""
    return dict.fromkeys(map(str, DRIVERS), value)


class TestEveryDriver:
    async def test_statement_of_a_silent_server_ends(self, ground: Ground) -> None:
        """Its connection is lost within the limit."""

        async def before(database: Database) -> asyncio.Task[BaseException]:
            link = await database.connect(network_timeout=LIMIT)
            return asyncio.create_task(failure(link.run(sleep(database, LONG))))

        async def after(statement: asyncio.Task[BaseException]) -> Failure | None:
            return failure_of(await statement)

        results = await told(ground, before, after)
        assert results.pop("seconds") < LIMIT + LATE
        assert everywhere(Failure.CONNECTION_LOST) == results

    async def test_statement_to_a_silent_server_ends(self, ground: Ground) -> None:
        """A statement that is sent after the cut ends within the limit too, which a ping has not changed."""

        async def before(database: Database) -> Link:
            engine = database.engine(network_timeout=LIMIT, pool_ping_idle=0, connect_timeout=2)
            await engine.once("SELECT 1")
            return await engine.connect()

        async def after(link: Link) -> tuple[Failure | None, bool]:
            begun = monotonic()
            found = failure_of(await failure(link.run("SELECT 1")))
            return found, monotonic() - begun > LIMIT / 2

        results = await told(ground, before, after)
        assert results.pop("seconds") < LIMIT + LATE
        assert everywhere((Failure.CONNECTION_LOST, True)) == results

    async def test_idle_connection_to_a_silent_server_ends(self, ground: Ground) -> None:
        """Keepalives find the server silent, so that a statement fails at once."""

        async def before(database: Database) -> Link:
            link = await database.connect(network_timeout=LIMIT)
            await link.run("SELECT 1")
            return link

        async def after(link: Link) -> Failure | None:
            await asyncio.sleep(LIMIT + LATE)
            return failure_of(await failure(link.run("SELECT 1")))

        results = await told(ground, before, after)
        assert results.pop("seconds") < LIMIT + LATE + 1
        assert everywhere(Failure.CONNECTION_LOST) == results

    async def test_ping_of_an_idle_connection_is_short(self, ground: Ground) -> None:
        """It gets a tenth of the time for connecting, which is tried next."""

        async def before(database: Database) -> Engine:
            engine = database.engine(network_timeout=LONG, pool_ping_idle=0, connect_timeout=2)
            await engine.once("SELECT 1")
            return engine

        async def after(engine: Engine) -> Failure | None:
            return failure_of(await failure(engine.connect()))

        results = await told(ground, before, after)
        assert results.pop("seconds") < 2 + LATE
        assert everywhere(Failure.UNREACHABLE) == results

    async def test_connection_to_a_silent_server_is_closed_in_time(self, ground: Ground) -> None:
        """Closing sends a last message, and may wait until it is acknowledged."""

        async def before(database: Database) -> Engine:
            engine = database.engine(network_timeout=LIMIT, connect_timeout=2)
            await engine.once("SELECT 1")
            return engine

        results = await told(ground, before, lambda engine: engine.close())
        assert results.pop("seconds") < LIMIT + LATE

    async def test_long_statement_of_a_living_server_goes_on(self, servers: Ground) -> None:
        """Its kernel answers the keepalives, however long the server works."""

        async def asked(driver: Driver) -> None:
            async with opened(servers.url_of(driver), driver) as database:
                link = await database.connect(network_timeout=LIMIT)
                await link.run(sleep(database, LIMIT + 1))

        await asyncio.gather(*map(asked, DRIVERS))


class TestPostgreSQL:
    async def test_server_rolls_back_the_transaction_of_a_silent_client(self, ground: Ground) -> None:
        """Its locks would otherwise outlive the client, and stop the others."""
        driver = POSTGRESQL[0]
        async with opened(ground.url_of(driver), driver) as database:
            link = await database.connect(network_timeout=LIMIT)
            await link.run("SELECT * FROM t WHERE id = 1 FOR UPDATE")
            ground.cut()
            begun = monotonic()
            # The server is asked on its own host.
            waits = "SET lock_timeout = '20s'; SELECT id FROM t WHERE id = 1 FOR UPDATE"
            await asyncio.to_thread(ground.postgresql.sql, waits, database="app")
            took = monotonic() - begun
            ground.network.heal()
            await failure(link.rollback())
        assert took < LIMIT + LATE

    async def test_cancelled_statement_of_a_silent_server_is_closed_in_time(self, ground: Ground) -> None:
        """To cancel it, asyncpg opens another connection, for which it has no limit."""
        driver = POSTGRESQL[-1]
        async with opened(ground.url_of(driver), driver) as database:
            link = await database.connect(network_timeout=LONG, connect_timeout=1)
            statement = asyncio.create_task(link.run(sleep(database, LONG)))
            await asyncio.sleep(BEGUN)
            ground.cut()
            statement.cancel()
            begun = monotonic()
            await asyncio.gather(statement, return_exceptions=True)
            await link.close()
            took = monotonic() - begun
            ground.network.heal()
        assert took < 2 + LATE


class TestMySQL:
    @pytest.mark.parametrize("driver", MYSQL, ids=str)
    async def test_next_connection_frees_the_locks_of_a_lost_one(self, ground: Ground, driver: Driver) -> None:
        """The server would keep them until it sends the last result again, at ever longer intervals."""
        async with opened(ground.url_of(driver), driver) as database:
            engine = database.engine(network_timeout=LIMIT, connect_timeout=2, lock_timeout=1)
            link = await engine.connect()
            await link.run("SELECT * FROM t WHERE id = 1 FOR UPDATE")
            statement = asyncio.create_task(failure(link.run(sleep(database, 2 * BEGUN))))
            await asyncio.sleep(BEGUN)
            ground.cut()
            # The result is lost. The server sends it again 3 s and then 6 s later.
            await asyncio.sleep(BEGUN + 4)
            assert Failure.CONNECTION_LOST is failure_of(await statement)
            await engine.let_go()
            ground.network.heal()
            await engine.once(ADD.format(1))
