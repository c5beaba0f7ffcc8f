"""PgBouncer's failures with each PostgreSQL driver. All drivers use the same server."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractContextManager, AsyncExitStack, suppress

import pytest
from sqlalchemy.exc import DBAPIError

from sessionscope.database.errors import Failure, failure_of
from sessionscope.testing.servers import PgBouncer, PostgreSQL
from tests.sessionscope.integration.database.failures.adapter import POSTGRESQL, Database, Engine, failure, opened

pytestmark = pytest.mark.isolation("none")

SETTINGS = {"default_pool_size": str(len(POSTGRESQL)), "server_login_retry": "1", "query_wait_timeout": "1"}


@pytest.fixture
def bouncer(
    weak_postgresql: PostgreSQL,
    pgbouncer: Callable[..., AbstractContextManager[PgBouncer]],
) -> Generator[PgBouncer, None, None]:
    """Give a PgBouncer that has one server connection for each driver."""
    with pgbouncer(weak_postgresql, settings=SETTINGS) as bouncer:
        yield bouncer
    weak_postgresql.start()


async def of_each(databases: list[Database], work: Callable[[Database], Awaitable[BaseException]]) -> dict[str, object]:
    """Return what each driver's failure is, by the driver's name."""
    errors = await asyncio.gather(*map(work, databases))
    return {str(database.driver): failure_of(error) for database, error in zip(databases, errors, strict=True)}


def all_drivers(failure: Failure) -> dict[str, object]:
    """Return *failure* for each driver."""
    return {str(driver): failure for driver in POSTGRESQL}


async def back(engine: Engine) -> int:
    """Return 1 once *engine* works again: PgBouncer still refuses for a moment after the server is back."""
    for _ in range(50):
        with suppress(DBAPIError):
            return int(await engine.once("SELECT 1"))
        await asyncio.sleep(0.1)
    return 0


async def test_pgbouncer(bouncer: PgBouncer) -> None:
    """Too few server connections, and a server that crashes: each driver loses its connection to PgBouncer."""
    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(opened(bouncer.url(), driver)) for driver in POSTGRESQL]
        engines = {each: each.engine(pgbouncer=True, pool_pre_ping=False) for each in databases}
        for engine in engines.values():
            await engine.once("SELECT 1")
        links = {each: await engines[each].connect() for each in databases}
        for link in links.values():
            await link.run("SELECT 1")
        busy = await of_each(databases, lambda each: failure(each.engine(pgbouncer=True).once("SELECT 1")))
        await asyncio.to_thread(bouncer.upstream.kill)
        crashed = await of_each(databases, lambda each: failure(links[each].run("SELECT 1")))
        for engine in engines.values():
            await engine.let_go()
        down = await of_each(databases, lambda each: failure(each.engine(pgbouncer=True).once("SELECT 1")))
        await asyncio.to_thread(bouncer.upstream.start)
        assert [1] * len(POSTGRESQL) == [await back(engine) for engine in engines.values()]
    assert busy == all_drivers(Failure.CONNECTION_LOST)
    assert crashed == all_drivers(Failure.CONNECTION_LOST)
    # PgBouncer lets clients in before it knows that there is no server, and refuses them afterwards.
    assert {*down.values()} <= {Failure.CONNECTION_LOST, Failure.UNREACHABLE}
