"""What fails in the same way on every database."""

import asyncio
from typing import Any

from tests.sessionscope.integration.database.failures.adapter import ADD, Database, Link, failure

# A statement of the test is under way by then, or what was killed has ended.
PAUSE_SECONDS = 0.2


async def deadlock(database: Database) -> BaseException:
    """Each of two transactions wants the row that the other one has locked."""
    engine = database.engine()
    a, b = await engine.connect(), await engine.connect()
    await a.run(ADD.format(1))
    await b.run(ADD.format(2))
    return await failure(a.run(ADD.format(2)), b.run(ADD.format(1)))


async def lock_timeout(database: Database) -> BaseException:
    """Another transaction locks the row for longer than the service waits."""
    engine = database.engine(lock_timeout=0.1)
    a, b = await engine.connect(), await engine.connect()
    await a.run(ADD.format(1))
    return await failure(b.run(ADD.format(1)))


async def nowait(database: Database) -> BaseException:
    """Another transaction has locked the row, and the statement doesn't wait."""
    engine = database.engine()
    a, b = await engine.connect(), await engine.connect()
    await a.run(ADD.format(1))
    return await failure(b.run("SELECT v FROM t WHERE id = 1 FOR UPDATE NOWAIT"))


async def pool_exhausted(database: Database) -> BaseException:
    """The pool's only connection is taken."""
    engine = database.engine(pool_size=1, max_overflow=0, pool_timeout=0.1)
    await engine.connect()
    return await failure(engine.connect())


async def too_many_connections(database: Database) -> BaseException:
    """The server has fewer connections than the pool would open."""
    engine = database.engine(pool_size=40)
    return await failure(_connect_often(engine))


async def _connect_often(engine: Any) -> None:
    for _ in range(40):
        await engine.connect()


async def wrong_password(database: Database) -> BaseException:
    """The password is wrong."""
    return await failure(database.engine(database.url.set(password="wrong")).connect())


async def no_database(database: Database) -> BaseException:
    """The database doesn't exist."""
    return await failure(database.engine(database.url.set(database="missing")).connect())


async def unique_violation(database: Database) -> BaseException:
    """The row exists already."""
    return await failure(database.once("INSERT INTO t (id, v) VALUES (1, 1)"))


async def killed(database: Database, link: Link, victim: str, kill: str) -> Link:
    """Have the server end *link*; *victim* asks for its number."""
    await link.run(ADD.format(1))
    await database.once(kill.format(await link.run(victim)))
    await asyncio.sleep(PAUSE_SECONDS)
    return link


async def struck(database: Database, statement: str, victim: str, kill: str) -> BaseException:
    """Interrupt a running *statement* by *kill*."""
    link = await database.connect()
    number = await link.run(victim)
    running = asyncio.create_task(failure(link.run(statement)))
    await asyncio.sleep(PAUSE_SECONDS)
    await database.once(kill.format(number))
    return await running
