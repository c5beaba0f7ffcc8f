"""One interface to a database for every driver: the service's own engines, used step by step."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, text

from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.settings import DatabaseSettings


@dataclass(frozen=True)
class Driver:
    """A driver, and which kind of engine uses it."""

    name: str
    is_async: bool = False

    def __str__(self) -> str:
        return f"{self.name}-async" if self.name == "psycopg" and self.is_async else self.name


POSTGRESQL = [Driver("psycopg2"), Driver("psycopg"), Driver("psycopg", is_async=True), Driver("asyncpg", is_async=True)]
MYSQL = [Driver("pymysql"), Driver("aiomysql", is_async=True), Driver("asyncmy", is_async=True)]
SQLITE = [Driver("pysqlite"), Driver("aiosqlite", is_async=True)]

ADD = "UPDATE t SET v = v + 1 WHERE id = {}"


class Link:
    """A connection, in a transaction from its first statement on."""

    def __init__(self, call: Callable[..., Awaitable[Any]], raw: Any) -> None:
        self._call, self._raw = call, raw

    async def run(self, statement: str) -> Any:
        """Execute *statement*; return its first value."""
        result = await self._call(self._raw.execute, text(statement))
        return result.scalar() if result.returns_rows else None

    async def commit(self) -> None:
        """Commit."""
        await self._call(self._raw.commit)

    async def rollback(self) -> None:
        """Roll back."""
        await self._call(self._raw.rollback)

    async def close(self) -> None:
        """Give the connection back to the pool."""
        await self._call(self._raw.close)


class Engine:
    """An engine as the service builds it."""

    def __init__(self, url: URL, driver: Driver, **settings: Any) -> None:
        self._is_async = driver.is_async
        values = DatabaseSettings(url=url.render_as_string(hide_password=False), **settings)
        self.raw: Any = (build_async_engine if driver.is_async else build_engine)(values)
        assert self.raw.dialect.driver.removesuffix("_async") == driver.name
        self._links: list[Link] = []

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await (function(*arguments) if self._is_async else asyncio.to_thread(function, *arguments))

    async def connect(self) -> Link:
        """Take a connection from the pool; it goes back when the engine is closed, at the latest."""
        raw: Any = await (self.raw.connect() if self._is_async else asyncio.to_thread(self.raw.connect))
        self._links.append(Link(self._call, raw))
        return self._links[-1]

    async def once(self, *statements: str) -> Any:
        """Execute *statements* in a transaction of their own; return the last one's value."""
        link = await self.connect()
        try:
            values = [await link.run(statement) for statement in statements]
            await link.commit()
        finally:
            await self._let_go(link)
        return values[-1]

    async def let_go(self) -> None:
        """Give every connection back to the pool."""
        for link in list(self._links):
            await self._let_go(link)

    async def _let_go(self, link: Link) -> None:
        self._links.remove(link)
        # After a COMMIT that failed, `close` alone leaves SQLite's transaction open.
        await link.rollback()
        await link.close()

    async def close(self) -> None:
        """Close every connection."""
        await self.let_go()
        await self._call(self.raw.dispose)


class Database:
    """A database as one driver sees it; what is opened here is closed with it."""

    def __init__(self, url: URL, driver: Driver) -> None:
        self.url = url.set(drivername=f"{url.get_backend_name()}+{driver.name}")
        self.driver = driver
        self._engines: list[Engine] = []

    def engine(self, url: URL | None = None, **settings: Any) -> Engine:
        """Return a new engine, for this database or another *url*."""
        other = self.url if url is None else url.set(drivername=self.url.drivername)
        self._engines.append(Engine(other, self.driver, **settings))
        return self._engines[-1]

    async def connect(self, **settings: Any) -> Link:
        """Return a connection of an engine of its own."""
        return await self.engine(**settings).connect()

    async def once(self, *statements: str) -> Any:
        """Execute *statements* on a connection of its own."""
        return await self.engine().once(*statements)

    async def recovers(self) -> bool:
        """Tell whether each engine for this database serves again, once all connections were given back."""
        for engine in self._engines:
            await engine.let_go()
        own = [engine for engine in self._engines if engine.raw.url.set(query={}) == self.url.set(query={})]
        return all([await engine.once("SELECT 1") == 1 for engine in own])

    async def close(self) -> None:
        """Close every engine."""
        for engine in self._engines:
            await engine.close()


@asynccontextmanager
async def opened(url: URL, driver: Driver) -> AsyncGenerator[Database, None]:
    """Give the database at *url* as *driver* sees it."""
    database = Database(url, driver)
    try:
        yield database
    finally:
        await database.close()


async def failure(*work: Awaitable[Any]) -> BaseException:
    """Return what the first of *work* to fail raised; all of it is done at the same time.

    Raises:
        AssertionError: All of it went well.
    """
    results = await asyncio.gather(*work, return_exceptions=True)
    raised = [result for result in results if isinstance(result, BaseException)]
    assert raised, "nothing was raised"
    return raised[0]


Provoke = Callable[[Database], Awaitable[BaseException]]


def name_of(value: Any) -> str:
    """Return a readable id."""
    return str(value) if isinstance(value, Driver) else str(value.__name__).removeprefix("_")
