"""Reading from a replica that really follows its primary."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text

from sessionscope import close_container, scope
from sessionscope.database import replicas
from sessionscope.migrations.running import upgrade
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.servers.pair import PostgreSQLPair
from sessionscope.testing.servers.ports import free_port
from tests.sessionscope.service.containers import DatabaseContainer
from tests.sessionscope.service.models import User

pytestmark = [pytest.mark.isolation("none"), pytest.mark.xdist_group("pair")]

IS_REPLICA = select(func.pg_is_in_recovery())
DRIVERS = ["asyncpg", "psycopg", "psycopg2"]


@pytest.fixture(scope="module", name="pair")
def _pair(
    postgresql_pair: Callable[..., AbstractContextManager[PostgreSQLPair]], alembic_project: Path
) -> Generator[PostgreSQLPair, None, None]:
    """Give a migrated primary and its replica."""
    with postgresql_pair() as pair:
        upgrade(pair.primary.url(), project=alembic_project)
        yield pair


@pytest.fixture(params=DRIVERS, name="database")
async def _database(
    pair: PostgreSQLPair, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[DatabaseContainer, None]:
    """Yield a container for both. Its first replica doesn't exist, so every connection has to search."""
    monkeypatch.setattr(replicas, "SECONDS_UNTIL_NEXT_TRY", 0.5)
    container = database_of(pair, request.param, nowhere(pair), written(pair.standby.url(driver=request.param)))
    yield container
    await close_container(container)


def database_of(pair: PostgreSQLPair, driver: str, *replica_urls: str) -> DatabaseContainer:
    """Return a container whose database is the primary of *pair*."""
    url = written(pair.primary.url(driver=driver))
    return DatabaseContainer(settings=DatabaseSettings(url=url, replica_urls=replica_urls, connect_timeout=5))


def written(url: Any) -> str:
    """Return *url* as people write it, password included."""
    return str(url.render_as_string(hide_password=False))


def nowhere(pair: PostgreSQLPair) -> str:
    """Return the URL of a server that isn't there."""
    return written(pair.primary.url().set(port=free_port()))


async def is_replica(database: DatabaseContainer) -> bool:
    """Return the server from which a new scope reads."""
    async with scope():
        return bool(await database.async_reads().read(lambda connection: connection.scalar(IS_REPLICA)))


async def becomes(database: DatabaseContainer, *, replica: bool) -> None:
    """Wait until read sessions read from a replica, or no longer do."""
    for _ in range(150):
        if await is_replica(database) is replica:
            return
        await asyncio.sleep(0.1)
    pytest.fail("it does not within 15 s")


class TestRouting:
    async def test_reads_go_to_the_replica_and_writes_to_the_primary(self, database: DatabaseContainer) -> None:
        """A replica that does not answer is passed over."""
        async with scope():
            assert await database.async_read_session().scalar(IS_REPLICA)
            assert not await database.async_session().scalar(IS_REPLICA)

    async def test_the_sync_twin_does_the_same(self, database: DatabaseContainer) -> None:
        """Sync reads have a replica too."""

        def where() -> tuple[bool | None, bool | None]:
            with scope():
                return database.read_session().scalar(IS_REPLICA), database.session().scalar(IS_REPLICA)

        assert (True, False) == await asyncio.to_thread(where)

    async def test_each_read_stands_alone(self, database: DatabaseContainer) -> None:
        """Reads on the replica are in autocommit too, so no long transaction can be cancelled."""
        async with scope():
            session = database.async_read_session()
            first = await session.scalar(text("SELECT now()"))
            assert first != await session.scalar(text("SELECT now()"))


class TestReadingOnesOwnWrites:
    async def test_after_a_unit_of_work(self, database: DatabaseContainer) -> None:
        """A scope reads its own writes from the primary. The next scope reads from a replica again."""

        async def work(session: Any) -> None:
            session.add(User(email="a@example.com", username="a"))

        async with scope():
            assert await database.async_read_session().scalar(IS_REPLICA)
            await database.async_transactions().run(work)
            assert not await database.async_read_session().scalar(IS_REPLICA)
            assert not await database.async_reads().read(lambda connection: connection.scalar(IS_REPLICA))
            found = await database.async_read_session().scalar(select(User.username).where(User.username == "a"))
            assert "a" == found
            await database.async_transactions().run(lambda session: session.execute(delete(User)))
        assert await is_replica(database)

    @pytest.mark.parametrize("statement", ["flush", "text"])
    async def test_after_a_plain_commit(self, database: DatabaseContainer, statement: str) -> None:
        """A commit counts as a write, however it was made."""
        async with scope():
            session = database.async_session()
            if statement == "flush":
                session.add(User(email="b@example.com", username="b"))
                await session.flush()
            else:
                await session.execute(text("UPDATE users SET username = username"))
                await session.commit()
            assert not await database.async_read_session().scalar(IS_REPLICA)

    async def test_a_read_changes_nothing(self, database: DatabaseContainer) -> None:
        """The end of a read session's block does not count as a write."""
        async with scope():
            async with database.async_read_session().begin():
                await database.async_read_session().scalar(IS_REPLICA)
            assert await database.async_read_session().scalar(IS_REPLICA)


class TestDeadReplica:
    async def test_reads_go_to_the_primary_until_it_is_back(
        self, database: DatabaseContainer, pair: PostgreSQLPair, caplog: pytest.LogCaptureFixture
    ) -> None:
        """No read fails, pooled connections or not; the service is not restarted."""
        assert await is_replica(database)
        pair.standby.kill()
        try:
            assert not await is_replica(database)
            assert any(f":{pair.standby.port} does not answer" in message for message in caplog.messages)
            await becomes(database, replica=False)
        finally:
            pair.standby.start()
        await becomes(database, replica=True)
