"""A Galera cluster's failures with each MySQL driver. All drivers use the same cluster."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import AbstractContextManager, AsyncExitStack

import pytest

from sessionscope.database.errors import Failure, commit_outcome_is_known, failure_of
from sessionscope.testing.servers import Galera, process
from sessionscope.testing.servers.galera import Node
from tests.sessionscope.integration.database.failures.adapter import ADD, MYSQL, Database, Driver, Link, failure, opened

pytestmark = pytest.mark.isolation("none")

TABLES = "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0), (3, 0), (4, 0)"


@pytest.fixture
def cluster(galera: Callable[..., AbstractContextManager[Galera]]) -> Generator[Galera, None, None]:
    """Give a cluster."""
    with galera() as cluster:
        cluster.nodes[0].sql(TABLES, database="app")
        yield cluster


async def test_galera(cluster: Galera) -> None:
    """Writers collide, one node dies, then too few are left. Every driver reports the same failures."""
    async with AsyncExitStack() as stack:

        async def databases(node: Node) -> dict[Driver, Database]:
            return {driver: await stack.enter_async_context(opened(node.url(), driver)) for driver in MYSQL}

        first, second, third = [await databases(node) for node in cluster.nodes]
        for driver in MYSQL:
            await writers_collide(first[driver], second[driver])
        await a_node_dies(cluster, third)
        await quorum_is_lost(cluster, first)


async def writers_collide(one: Database, other: Database) -> None:
    """Two nodes change one row: the second to commit is told at COMMIT, or at its next statement."""
    link = await overtaken(one, other)
    error = await failure(link.commit())
    assert Failure.DEADLOCK == failure_of(error)
    assert commit_outcome_is_known(error)
    link = await overtaken(one, other)
    assert Failure.DEADLOCK == failure_of(await failure(link.run(ADD.format(2))))
    assert await one.recovers()


async def overtaken(one: Database, other: Database) -> Link:
    """Return a connection in a transaction whose row another node has changed meanwhile."""
    link = await one.connect()
    await link.run(ADD.format(1))
    await other.once("SET SESSION wsrep_sync_wait = 7", ADD.format(1))
    # Until the other node's change arrives here.
    await asyncio.sleep(0.3)
    return link


async def a_node_dies(cluster: Galera, databases: dict[Driver, Database]) -> None:
    """What was open on it is lost, and it can't be reached; the other nodes go on, after a pause."""
    links = [await database.connect() for database in databases.values()]
    for row, link in enumerate(links, start=2):
        await link.run(ADD.format(row))
    await asyncio.to_thread(cluster.nodes[2].kill)
    assert [Failure.CONNECTION_LOST] * 3 == await each(link.run("SELECT 1") for link in links)
    assert [Failure.UNREACHABLE] * 3 == await each(database.connect() for database in databases.values())
    await asyncio.to_thread(cluster.nodes[1].sql, ADD.format(1), database="app")


async def quorum_is_lost(cluster: Galera, databases: dict[Driver, Database]) -> None:
    """A single node doesn't serve. The same connections work again once there is a cluster."""
    engines = [database.engine() for database in databases.values()]
    readers, writers = [[await engine.connect() for engine in engines] for _ in range(2)]
    for link in (*readers, *writers):
        await link.run("SELECT 1")
        await link.commit()
    node = cluster.nodes[0]
    await asyncio.to_thread(cluster.nodes[1].kill)
    assert await asyncio.to_thread(process.wait_until, lambda: not node._answers(), seconds=30)
    assert [Failure.UNREACHABLE] * 3 == await each(link.run("SELECT v FROM t") for link in readers)
    assert [Failure.UNREACHABLE] * 3 == await each(link.run(ADD.format(1)) for link in writers)
    assert [Failure.UNREACHABLE] * 3 == await each(database.once("SELECT v FROM t") for database in databases.values())
    await asyncio.to_thread(node.sql, "SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'")
    assert await asyncio.to_thread(process.wait_until, node._answers, seconds=30)
    for engine in engines:
        await engine.let_go()
        await engine.once(ADD.format(1))


async def each(work: Iterable[Awaitable[object]]) -> list[Failure | None]:
    """Return what each of *work* fails with, one after the other."""
    return [failure_of(await failure(one)) for one in work]
