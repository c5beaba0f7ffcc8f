"""Transaction mode: a test runs in one transaction, which is rolled back at the end.

On SQLite, the sync and the async engine use the same connection in the calling thread, so the sync and the async
sessions of a test see each other's rows at once, committed or not. A session's own transaction is a savepoint inside
the test's transaction, so commits and rollbacks in the service's code take effect.
"""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.ext.asyncio import AsyncConnection, async_sessionmaker, create_async_engine
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import StaticPool

from sessionscope.database.factories import SESSION_OPTIONS
from sessionscope.database.location import DatabaseLocation
from sessionscope.database.session import AsyncReadSession, AsyncWriteSession, ReadSession, WriteSession
from sessionscope.testing.dialects import ASYNC_SQLITE, SQLITE
from sessionscope.testing.in_place import InPlaceConnection
from sessionscope.testing.loops import run


class SharedConnection:
    """One SQLite connection that a sync and an async engine use. It is kept for all tests of a worker."""

    def __init__(self, location: DatabaseLocation) -> None:
        self._location = location
        self._raw = sqlite3.connect(str(location.url.database), check_same_thread=False, isolation_level=None)
        for pragma in ("foreign_keys = ON", "synchronous = OFF"):
            self._raw.execute(f"PRAGMA {pragma}")
        self.engine = create_engine(SQLITE, creator=lambda: self._raw, poolclass=StaticPool)
        in_place = partial(InPlaceConnection, self._raw)
        self.async_engine = create_async_engine(ASYNC_SQLITE, async_creator=in_place, poolclass=StaticPool)
        run(self._start())

    @contextmanager
    def fresh(self) -> Generator[dict[str, Any], None, None]:
        """Begin, yield the overrides for a `DatabaseContainer` by the provider's name, and roll everything back."""
        self._raw.execute("BEGIN")
        connection = self.engine.connect()
        async_connection = AsyncConnection(self.async_engine, self.async_engine.sync_engine.connect())
        for each in (connection, _sync(async_connection)):
            each.begin()
        try:
            yield {
                "engine": self.engine,
                "async_engine": self.async_engine,
                **factories(connection, connection, async_connection, async_connection),
            }
        finally:
            for each in (connection, _sync(async_connection)):
                each.close()
            self._raw.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection for good."""
        run(self.async_engine.dispose())
        self.engine.dispose()
        self._raw.close()

    async def _start(self) -> None:
        async with self.async_engine.connect():
            pass


def factories(
    connection: Connection, reading: Connection, async_connection: AsyncConnection, async_reading: AsyncConnection
) -> dict[str, Any]:
    """Return the session factories for the test's connections, by the name of the provider that each overrides."""
    # A session that writes uses a savepoint of its own. A session that reads does not, because rolling back its
    # savepoint would undo the changes that another session made in between.
    writes: dict[str, Any] = {**SESSION_OPTIONS, "join_transaction_mode": "create_savepoint"}
    reads: dict[str, Any] = {**SESSION_OPTIONS, "join_transaction_mode": "rollback_only"}
    return {
        "session_factory": sessionmaker(connection, class_=WriteSession, **writes),
        "read_session_factory": sessionmaker(reading, class_=ReadSession, **reads),
        "async_session_factory": async_sessionmaker(async_connection, class_=AsyncWriteSession, **writes),
        "async_read_session_factory": async_sessionmaker(async_reading, class_=AsyncReadSession, **reads),
    }


def _sync(connection: AsyncConnection) -> Connection:
    assert connection.sync_connection is not None
    return connection.sync_connection
