"""Transaction mode on a server: both engines use one connection of the sync driver.

Such a connection doesn't belong to an event loop, so it can serve every test of a worker. The async driver is not
used. To test its behaviour, use database mode.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Engine, NullPool
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sessionscope.database.engine import build_engine
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.dialects import engine_over
from sessionscope.testing.driver_connection import STANDS_ALONE, DriverConnection
from sessionscope.testing.leaks import Watch
from sessionscope.testing.server_database import ServerDatabase
from sessionscope.testing.transaction import factories

_COMMITTED: Final = (
    "the test's transaction was committed on the way, so it could not be rolled back: MariaDB commits at every "
    "CREATE, ALTER, DROP and TRUNCATE. Mark the test with isolation('database')"
)


class SharedServerConnection:
    """One connection, kept for all tests of a worker, and the engines that use it."""

    def __init__(self, database: ServerDatabase, settings: DatabaseSettings, watch: Watch) -> None:
        self._database = database
        self._settings = settings
        self._watch = watch
        self._made = database.restore()
        self._open()

    @contextmanager
    def fresh(self) -> Generator[dict[str, Any], None, None]:
        """Begin, yield the overrides for a `DatabaseContainer` by the provider's name, and roll everything back."""
        if self._made != (made := self._database.restore(ids=False)):
            self._made = made
            self._reopen()
        self._connection.begin()
        engines = (self.engine, self.engine, self.async_engine.sync_engine, self.async_engine.sync_engine)
        connections = [_begun(engine, reads=reads) for engine, reads in zip(engines, (False, True) * 2, strict=True)]
        write, read, *for_async = connections
        async_write, async_read = (AsyncConnection(self.async_engine, each) for each in for_async)
        try:
            yield {
                "engine": self.engine,
                "async_engine": self.async_engine,
                **factories(write, read, async_write, async_read),
            }
        finally:
            for each in connections:
                each.close()
            self._database.count()
            self._undo()

    def close(self) -> None:
        """Close the connection for good."""
        for engine in (self.engine, self.async_engine.sync_engine):
            engine.dispose()
        self._connection.close()

    def _open(self) -> None:
        source = build_engine(self._settings, poolclass=NullPool)
        self._connection = DriverConnection(source)
        self.engine = engine_over(self._connection, source, is_async=False)
        self.async_engine = AsyncEngine(engine_over(self._connection, source, is_async=True))
        self._watch.keep(self.engine, self.async_engine.sync_engine)
        self._connection.rollback()

    def _reopen(self) -> None:
        self.close()
        self._open()

    def _undo(self) -> None:
        if not self._connection.undo():
            self._database.touch()
            self._reopen()
            pytest.fail(_COMMITTED, pytrace=False)


def _begun(engine: Engine, *, reads: bool) -> Connection:
    connection = engine.connect()
    connection.begin()
    return connection.execution_options(**{STANDS_ALONE: True}) if reads else connection
