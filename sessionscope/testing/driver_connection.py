"""One connection of a driver that several engines use, in one transaction of a server."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from threading import RLock
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.engine import ExecutionContext

from sessionscope.testing.savepoints import Savepoints

# An execution option: a failure of the statement must not affect later ones.
STANDS_ALONE: Final = "kit_stands_alone"
_READS: Final = ("SELECT", "SHOW", "EXPLAIN", "VALUES", "TABLE")
# With MariaDB's drivers, a connection may be in autocommit and needs an explicit start. psycopg begins by itself.
_BEGIN: Final = {"postgresql": ("SAVEPOINT kit",), "mysql": ("START TRANSACTION", "SAVEPOINT kit")}


class DriverConnection:
    """A connection that doesn't belong to an event loop. One thread at a time uses it.

    Args:
        source: Connects to the database. The connection is taken out of its pool.

    Attributes:
        raw: The driver's own connection.
        savepoints: The savepoints of the sessions that use the connection.
    """

    def __init__(self, source: Engine) -> None:
        connection = source.raw_connection()
        raw: Any = connection.dbapi_connection
        connection.detach()
        self.raw = raw
        self.rollback()
        self._error: type[Exception] = source.dialect.loaded_dbapi.Error
        self._backend = "postgresql" if source.dialect.name == "postgresql" else "mysql"
        self._lock = RLock()
        self.savepoints = Savepoints(self._execute_if_begun)

    def rollback(self) -> None:
        """Undo everything, including what the driver began by itself."""
        self.raw.rollback()

    def begin(self) -> None:
        """Begin the transaction of a test."""
        for statement in _BEGIN[self._backend]:
            self._execute(statement)

    def undo(self) -> bool:
        """Roll the transaction back. Return False if it was committed on the way, as MariaDB does at each CREATE."""
        self.savepoints.forget()
        try:
            self._execute("ROLLBACK TO SAVEPOINT kit")
        except self._error:
            return False
        self.rollback()
        return True

    def close(self) -> None:
        """Close the connection for good. It may be lost already."""
        with suppress(self._error):
            self.raw.close()

    @contextmanager
    def turn(self, statement: str, context: ExecutionContext | None) -> Generator[None, None, None]:
        """Let no other thread use the connection during the block, which sends *statement*."""
        owner = context.root_connection if context is not None else None
        if not statement.lstrip().upper().startswith(_READS):
            self.savepoints.changed(owner)
        with self._lock, self._alone(context):
            try:
                yield
            except Exception:
                # PostgreSQL refuses further statements until a rollback.
                self.savepoints.changed(owner)
                raise

    @contextmanager
    def _alone(self, context: ExecutionContext | None) -> Generator[None, None, None]:
        options = context.execution_options if context is not None else {}
        if self._backend != "postgresql" or not options.get(STANDS_ALONE):
            yield
            return
        self._execute("SAVEPOINT kit_alone")
        try:
            yield
        except Exception:
            self._execute("ROLLBACK TO SAVEPOINT kit_alone")
            raise

    def _execute(self, statement: str) -> None:
        cursor = self.raw.cursor()
        with self._lock:
            cursor.execute(statement)
        cursor.close()

    def _execute_if_begun(self, statement: str) -> None:
        try:
            self._execute(statement)
        except self._error:
            # MariaDB has committed, so the savepoints are gone. This is reported once, at the end.
            if self._backend == "postgresql":
                raise
