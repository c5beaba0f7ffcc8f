"""SQLite's failures, by both of its drivers."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, event

from sessionscope.database.errors import Failure, commit_outcome_is_known, failure_of
from tests.sessionscope.integration.database.failures import common
from tests.sessionscope.integration.database.failures.adapter import (
    ADD,
    SQLITE,
    Database,
    Driver,
    Engine,
    Provoke,
    failure,
    name_of,
    opened,
)

pytestmark = pytest.mark.isolation("none")

TABLES = ("CREATE TABLE t (id int PRIMARY KEY, v int)", "INSERT INTO t VALUES (1, 0), (2, 0)")


async def changed_row(database: Database) -> BaseException:
    """A transaction reads, another one commits, and then the first one tries to write."""
    engine = database.engine()
    link = await engine.connect()
    await link.run("SELECT v FROM t WHERE id = 1")
    await engine.once(ADD.format(1))
    return await failure(link.run(ADD.format(1)))


async def read_at_commit(database: Database) -> BaseException:
    """Without a write-ahead log, COMMIT waits for readers."""
    # The journal is changed only while nobody else has the file open.
    await database.close()
    engine = without_log(database.engine(lock_timeout=0.1))
    a, b = await engine.connect(), await engine.connect()
    await b.run("SELECT v FROM t WHERE id = 1")
    await a.run(ADD.format(1))
    return await failure(a.commit())


def without_log(engine: Engine) -> Engine:
    """Return *engine*, whose connections go back to the journal that SQLite has by default."""

    @event.listens_for(getattr(engine.raw, "sync_engine", engine.raw), "connect")
    def connect(dbapi_connection: Any, _record: object) -> None:
        cursor = dbapi_connection.cursor()
        cursor.execute("PRAGMA journal_mode = DELETE")
        cursor.close()

    return engine


async def read_only_file(database: Database) -> BaseException:
    """The file is opened for reading."""
    await database.connect()
    url = database.url.set(database=f"file:{database.url.database}", query={"mode": "ro", "uri": "true"})
    return await failure(database.engine(url).once(ADD.format(1)))


async def no_folder(database: Database) -> BaseException:
    """The file's folder is missing."""
    return await failure(database.engine(database.url.set(database="/missing/x.db")).connect())


async def full(database: Database) -> BaseException:
    """There is no room for another page."""
    link = await database.connect()
    await link.run("PRAGMA max_page_count = 1")
    return await failure(link.run("INSERT INTO t VALUES (3, zeroblob(100000))"))


async def no_database(database: Database) -> BaseException:
    """The file holds something else."""
    file = f"{database.url.database}.txt"
    overwrite(file, start=0)
    return await failure(database.engine(database.url.set(database=file)).once("SELECT 1"))


async def damaged(database: Database) -> BaseException:
    """The pages of a table are overwritten."""
    await database.once("INSERT INTO t VALUES (3, zeroblob(100000))")
    await database.close()
    overwrite(str(database.url.database), start=4096)
    return await failure(database.engine().once("SELECT sum(v) FROM t"))


def overwrite(file: str, *, start: int) -> None:
    """Put something that is not SQLite's into *file*, from its byte *start* on."""
    with Path(file).open("ab") as target:
        target.truncate(start)
        target.write(b"Not pages, but prose. " * 10_000)


ROWS: dict[Provoke, Failure] = {
    changed_row: Failure.SERIALIZATION,
    common.lock_timeout: Failure.LOCK_TIMEOUT,
    read_at_commit: Failure.LOCK_TIMEOUT,
    read_only_file: Failure.READ_ONLY,
    no_folder: Failure.UNREACHABLE,
    common.pool_exhausted: Failure.POOL_EXHAUSTED,
    full: Failure.RESOURCES,
    no_database: Failure.NOT_A_DATABASE,
    damaged: Failure.CORRUPT,
    common.unique_violation: Failure.CONFLICT,
}


@pytest.mark.parametrize("provoke", ROWS, ids=name_of)
@pytest.mark.parametrize("driver", SQLITE, ids=name_of)
async def test_sqlite(driver: Driver, provoke: Provoke, tmp_path: Path) -> None:
    """Each failure is told apart by SQLite's own name for it, and the pool serves afterwards."""
    async with opened(URL.create("sqlite", database=f"{tmp_path}/x.db"), driver) as database:
        await database.once(*TABLES)
        assert ROWS[provoke] == failure_of(await provoke(database))
        assert await database.recovers()


@pytest.mark.parametrize("driver", SQLITE, ids=name_of)
async def test_a_commit_that_waits_in_vain_is_undone(driver: Driver, tmp_path: Path) -> None:
    """Nothing was committed: the transaction goes on until it is rolled back."""
    async with opened(URL.create("sqlite", database=f"{tmp_path}/x.db"), driver) as database:
        await database.once(*TABLES)
        assert commit_outcome_is_known(await read_at_commit(database))
        assert await database.recovers()
        assert await database.once("SELECT v FROM t WHERE id = 1") == 0
