"""PgBouncer in transaction mode: one setting makes the drivers fit."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Connection, text

from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.servers import PgBouncer, PostgreSQL

ROOT = Path(__file__).parents[4]
NAMES = ("postgresql", "postgresql+psycopg", "postgresql+psycopg2")
# Clients of each process, of each kind of engine; the server lets in far fewer at a time.
CLIENTS, TRANSACTIONS = 8, 15

PROCESS = f"""
import asyncio, json, sys
from concurrent.futures import ThreadPoolExecutor
from sqlalchemy import text
from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.settings import DatabaseSettings

settings = DatabaseSettings(**json.loads(sys.argv[1]))
# Alike in both processes, so that a name given to a prepared statement would be the same, too.
STATEMENTS = [text(f"SELECT {{number}} + CAST(:value AS INTEGER)") for number in range(5)]

def work(client):
    for value in range({TRANSACTIONS}):
        with engine.begin() as connection:
            for number, statement in enumerate(STATEMENTS):
                assert number + value == connection.scalar(statement, {{"value": value}})

async def async_work(client):
    for value in range({TRANSACTIONS}):
        async with async_engine.begin() as connection:
            for number, statement in enumerate(STATEMENTS):
                assert number + value == await connection.scalar(statement, {{"value": value}})

async def all_async():
    await asyncio.gather(*map(async_work, range({CLIENTS})))
    await async_engine.dispose()

engine, async_engine = build_engine(settings), build_async_engine(settings)
with ThreadPoolExecutor({CLIENTS}) as pool:
    list(pool.map(work, range({CLIENTS})))
engine.dispose()
asyncio.run(all_async())
"""


@pytest.fixture(scope="module")
def pooled(
    own_postgresql: Callable[..., AbstractContextManager[PostgreSQL]],
    pgbouncer: Callable[..., AbstractContextManager[PgBouncer]],
) -> Iterator[PgBouncer]:
    """Give a PgBouncer with few connections to its server."""
    with own_postgresql() as server, pgbouncer(server, settings={"default_pool_size": "3"}) as bouncer:
        yield bouncer


def settings_of(url: URL, name: str, **values: Any) -> DatabaseSettings:
    """Return settings for *url* with dialect and driver *name*."""
    written = url.set(drivername=name).render_as_string(hide_password=False)
    return DatabaseSettings(url=written, pgbouncer=True, pool_size=CLIENTS, **values)


def limits(connection: Connection) -> tuple[str, str]:
    """Return the longest waits that are in force."""
    row = connection.execute(text("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")).one()
    return row[0], row[1]


class TestLoad:
    @pytest.mark.parametrize("name", NAMES)
    def test_two_processes_share_few_server_connections(self, pooled: PgBouncer, name: str) -> None:
        """Prepared statements are never missing, never exist already, and never stay behind on a server connection."""
        settings = settings_of(pooled.url(), name)
        given = json.dumps(
            {"url": pooled.url().set(drivername=name).render_as_string(hide_password=False)}
            | {"pgbouncer": True, "pool_size": settings.pool_size}
        )
        command = [sys.executable, "-c", PROCESS, given]
        processes = [
            subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own program
            for _ in range(2)
        ]
        assert ["", ""] == [process.communicate()[1] for process in processes]
        engine = build_engine(settings)
        with engine.connect() as connection:
            assert 0 == connection.scalar(text("SELECT count(*) FROM pg_prepared_statements"))
        engine.dispose()


class TestTimeouts:
    @pytest.mark.parametrize("name", NAMES)
    def test_transactions_behind_pgbouncer_have_timeouts(self, pooled: PgBouncer, name: str) -> None:
        """The timeouts are set at the beginning of each transaction of a connection."""
        settings = settings_of(pooled.url(), name, lock_timeout=1.5, statement_timeout=2.5)
        engine = build_engine(settings)
        for _ in range(2):
            with engine.begin() as connection:
                assert ("1500ms", "2500ms") == limits(connection)
        engine.dispose()
        asyncio.run(self._async(settings))

    async def _async(self, settings: DatabaseSettings) -> None:
        engine = build_async_engine(settings)
        for _ in range(2):
            async with engine.begin() as connection:
                assert ("1500ms", "2500ms") == await connection.run_sync(limits)
        await engine.dispose()

    @pytest.mark.parametrize("name", NAMES)
    def test_timeouts_end_with_the_transaction(self, pooled: PgBouncer, name: str) -> None:
        """The next client of the server connection has its own timeouts. A statement in autocommit has none."""
        settings = settings_of(pooled.url(), name, lock_timeout=1.5, statement_timeout=2.5)
        engine = build_engine(settings)
        for _ in range(6):
            with engine.begin() as connection:
                limits(connection)
            with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
                assert ("0", "0") == limits(connection)
        engine.dispose()

    async def test_timeouts_end_with_an_async_transaction(self, pooled: PgBouncer) -> None:
        """The same with asyncpg."""
        engine = build_async_engine(settings_of(pooled.url(), "postgresql", lock_timeout=1.5, statement_timeout=2.5))
        for _ in range(6):
            async with engine.begin() as connection:
                await connection.run_sync(limits)
            async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
                assert ("0", "0") == await connection.run_sync(limits)
        await engine.dispose()

    def test_savepoints_and_isolation_levels_are_no_obstacle(self, pooled: PgBouncer) -> None:
        """The level is set by BEGIN, which comes before the timeouts."""
        engine = build_engine(settings_of(pooled.url(), "postgresql", isolation_level="SERIALIZABLE"))
        with engine.begin() as connection, connection.begin_nested():
            assert "serializable" == connection.scalar(text("SHOW transaction_isolation"))
        engine.dispose()
