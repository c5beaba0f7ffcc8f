"""Transaction mode on a server: both engines use one connection of the sync driver.

Such a connection doesn't belong to an event loop, so it can serve every test of a worker. The async driver is not
used. To test its behaviour, use database mode.
"""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from threading import RLock
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import StaticPool
from sqlalchemy.util import await_only

from sessionscope.database.engine import build_engine
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.leaks import Watch
from sessionscope.testing.savepoints import Savepoints
from sessionscope.testing.server_database import ServerDatabase
from sessionscope.testing.transaction import factories

_ALONE: Final = "kit_stands_alone"
_READS: Final = ("SELECT", "SHOW", "EXPLAIN", "VALUES", "TABLE")
# With MariaDB's drivers, a connection may be in autocommit and needs an explicit start. psycopg begins by itself.
_BEGIN: Final = {"postgresql": ("SAVEPOINT kit",), "mysql": ("START TRANSACTION", "SAVEPOINT kit")}
_UNDO: Final = "ROLLBACK TO SAVEPOINT kit"
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
        for statement in _BEGIN[self.engine.dialect.name]:
            self._execute(statement)
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
        # The connection may be lost already.
        with suppress(self.engine.dialect.loaded_dbapi.Error):
            self._raw.close()

    def _open(self) -> None:
        source = build_engine(self._settings, poolclass=NullPool)
        self._is_postgresql = source.dialect.name == "postgresql"
        connection = source.raw_connection()
        raw: Any = connection.dbapi_connection
        self._raw = raw
        connection.detach()
        self._savepoints = Savepoints(self._execute_if_begun)
        self._lock = RLock()
        self.engine = self._over_it(source, is_async=False)
        self.async_engine = AsyncEngine(self._over_it(source, is_async=True))
        self._watch.keep(self.engine, self.async_engine.sync_engine)
        self._raw.rollback()

    def _reopen(self) -> None:
        self.close()
        self._open()

    def _over_it(self, source: Engine, *, is_async: bool) -> Engine:
        engine = create_engine(source.url, creator=lambda: self._raw, poolclass=StaticPool)
        # Connect once now, so that the engine's first statements don't show up in a test.
        engine.connect().close()
        dialect: Any = engine.dialect
        dialect.is_async = is_async
        # Only savepoints of sessions may end. The transaction's options were set when it began.
        dialect.do_commit = dialect.do_rollback = dialect.do_begin = _nothing
        dialect.set_isolation_level = dialect.reset_isolation_level = _nothing
        dialect.do_close = dialect.do_terminate = _nothing
        dialect.do_savepoint = self._savepoints.begin
        dialect.do_release_savepoint = self._savepoints.release
        dialect.do_rollback_to_savepoint = self._savepoints.roll_back
        for name in ("do_execute", "do_executemany", "do_execute_no_params"):
            setattr(dialect, name, self._in_turn(getattr(dialect, name), is_async=is_async))
        return engine

    def _in_turn(self, send: Any, *, is_async: bool) -> Any:
        """Wrap *send*, so that only one thread at a time uses it and the savepoints learn of changes."""
        guards = self._is_postgresql

        def execute(cursor: Any, statement: str, *rest: Any) -> None:
            context = rest[-1]
            if is_async:
                # As with an async driver, this fails outside of a coroutine.
                await_only(_pause())
            owner = context.root_connection if context is not None else None
            if not statement.lstrip().upper().startswith(_READS):
                self._savepoints.changed(owner)
            alone = guards and context is not None and context.execution_options.get(_ALONE)
            with self._lock:
                try:
                    if alone:
                        self._execute("SAVEPOINT kit_alone")
                    send(cursor, statement, *rest)
                except Exception:
                    # PostgreSQL refuses further statements until a rollback.
                    self._savepoints.changed(owner)
                    if alone:
                        self._execute("ROLLBACK TO SAVEPOINT kit_alone")
                    raise

        return execute

    def _execute(self, statement: str) -> None:
        cursor = self._raw.cursor()
        with self._lock:
            cursor.execute(statement)
        cursor.close()

    def _execute_if_begun(self, statement: str) -> None:
        try:
            self._execute(statement)
        except self.engine.dialect.loaded_dbapi.Error:
            # MariaDB has committed, so the savepoints are gone. This is reported once, at the end.
            if self._is_postgresql:
                raise

    def _undo(self) -> None:
        self._savepoints.forget()
        try:
            self._execute(_UNDO)
            self._raw.rollback()
        except self.engine.dialect.loaded_dbapi.Error:
            self._database.touch()
            self._reopen()
            pytest.fail(_COMMITTED, pytrace=False)


def _begun(engine: Engine, *, reads: bool) -> Connection:
    connection = engine.connect()
    connection.begin()
    return connection.execution_options(**{_ALONE: True}) if reads else connection


async def _pause() -> None:
    pass


def _nothing(*_: object) -> None:
    pass
