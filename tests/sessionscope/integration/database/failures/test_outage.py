"""A server goes away, briefly or for longer, and the pool works again once it is back. Every driver is tested."""

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from sqlalchemy import URL

from sessionscope.database.errors import Failure, failure_of
from sessionscope.testing.servers import MariaDB, PostgreSQL
from tests.sessionscope.integration.database.failures.adapter import MYSQL, POSTGRESQL, Driver, failure, name_of, opened

pytestmark = pytest.mark.isolation("none")

ADD = "UPDATE t SET v = v + 1"


@pytest.fixture
def server(request: pytest.FixtureRequest, driver: Driver) -> Generator[PostgreSQL | MariaDB, None, None]:
    """Give the driver's server; it runs again at the end."""
    server = request.getfixturevalue("weak_mariadb" if driver in MYSQL else "weak_postgresql")
    yield server
    server.start()


@pytest.mark.parametrize("driver", [*POSTGRESQL, *MYSQL], ids=name_of)
async def test_restart(driver: Driver, server: PostgreSQL | MariaDB) -> None:
    """A pooled connection is lost when its server restarts. A connection that is tested before use is replaced."""
    async with opened(server.url(), driver) as database:
        pooled, tested = database.engine(pool_pre_ping=False), database.engine(pool_pre_ping=True, pool_ping_idle=0)
        for engine in (pooled, tested):
            await engine.once("SELECT 1")
        await asyncio.to_thread(server.restart)
        assert Failure.CONNECTION_LOST == failure_of(await failure(pooled.once("SELECT 1")))
        assert await tested.once("SELECT 1") == 1
        assert await database.recovers()


@pytest.mark.parametrize("driver", [*POSTGRESQL, *MYSQL], ids=name_of)
async def test_crash(driver: Driver, server: PostgreSQL | MariaDB) -> None:
    """Open connections are lost, no new ones can be made while the server is down, and afterwards everything works."""
    async with opened(server.url(), driver) as database:
        in_transaction = await database.connect()
        await in_transaction.run(ADD)
        pooled, tested = database.engine(pool_pre_ping=False), database.engine(pool_pre_ping=True, pool_ping_idle=0)
        for engine in (pooled, tested):
            await engine.once("SELECT 1")
        await asyncio.to_thread(server.kill)
        told = {
            "in a transaction": await failure(in_transaction.run("SELECT 1")),
            "pooled": await failure(pooled.once("SELECT 1")),
            "tested": await failure(tested.once("SELECT 1")),
            "new": await failure(database.connect()),
        }
        await asyncio.to_thread(server.start)
        assert {
            "in a transaction": Failure.CONNECTION_LOST,
            "pooled": Failure.CONNECTION_LOST,
            "tested": Failure.UNREACHABLE,
            "new": Failure.UNREACHABLE,
        } == {name: failure_of(error) for name, error in told.items()}
        assert await database.recovers()


@contextmanager
def silent_server() -> Generator[int, None, None]:
    """Yield the port of a server that accepts connections and sends nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize("driver", [*POSTGRESQL, *MYSQL], ids=name_of)
async def test_silent_server_is_given_up_in_time(driver: Driver) -> None:
    """A server that doesn't answer is given up in time."""
    backend = "postgresql" if driver in POSTGRESQL else "mysql"
    with silent_server() as port:
        async with opened(URL.create(backend, "app", "app", "127.0.0.1", port, "app"), driver) as database:
            error = await failure(database.connect(connect_timeout=0.5))
            assert Failure.UNREACHABLE == failure_of(error)
