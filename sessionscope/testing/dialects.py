"""Dialects for transaction mode. Whatever an engine does with them, the test's transaction goes on.

SQLAlchemy asks the dialect to begin, commit and roll back. These dialects override those documented methods, and
are used through a URL, as those of other databases are.

Source: https://docs.sqlalchemy.org/en/21/core/internals.html#sqlalchemy.engine.Dialect
"""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, Engine, StaticPool, create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.mysql.mariadb import MariaDBDialect
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.default import DefaultDialect, DefaultExecutionContext

from sessionscope._compat.sqlalchemy import await_in_greenlet
from sessionscope.testing.driver_connection import DriverConnection


class KeepsTransaction(DefaultDialect):
    """Leaves the test's transaction to the kit, which has begun it with its options. Only savepoints end."""

    def do_begin(self, dbapi_connection: Any) -> None:
        """Do nothing."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """Do nothing."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Do nothing."""

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        """Do nothing."""

    def reset_isolation_level(self, dbapi_conn: Any) -> None:
        """Do nothing."""


class AwaitableCursor:
    """A sync cursor for an async engine, which may await more of a cursor than a sync one has.

    Args:
        raw: The driver's cursor.
    """

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    def __getattr__(self, name: str) -> Any:
        # A sync driver has nothing left to wait for, such as the end of a cursor whose rows are fetched later.
        return getattr(self.raw, name, _pause)


class AwaitableCursors(DefaultExecutionContext):
    """Executes statements with such cursors."""

    def create_default_cursor(self) -> Any:
        """Return a cursor."""
        return AwaitableCursor(super().create_default_cursor())


class SharesConnection(KeepsTransaction):
    """Sends statements and savepoints through a connection that several engines share.

    Args:
        shared: The connection.
        options: The options of the driver's dialect.
    """

    # `create_engine` passes the arguments that it finds here. It doesn't find keyword-only ones.
    def __init__(self, shared: DriverConnection, **options: Any) -> None:
        super().__init__(**options)
        self._shared = shared

    def do_close(self, dbapi_connection: Any) -> None:
        """Do nothing."""

    def do_terminate(self, dbapi_connection: Any) -> None:
        """Do nothing."""

    def do_savepoint(self, connection: Connection, name: str) -> None:
        """Set a savepoint."""
        self._shared.savepoints.begin(connection, name)

    def do_release_savepoint(self, connection: Connection, name: str) -> None:
        """Keep the changes since the savepoint."""
        self._shared.savepoints.release(connection, name)

    def do_rollback_to_savepoint(self, connection: Connection, name: str) -> None:
        """Undo the changes since the savepoint."""
        self._shared.savepoints.roll_back(connection, name)

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Send *statement* when no other thread uses the connection."""
        self._send(super().do_execute, cursor, statement, parameters, context)

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Send *statement* as `do_execute` does."""
        self._send(super().do_executemany, cursor, statement, parameters, context)

    def do_execute_no_params(self, cursor: Any, statement: str, context: Any = None) -> None:
        """Send *statement* as `do_execute` does."""
        self._send(super().do_execute_no_params, cursor, statement, context)

    def _send(self, send: Callable[..., None], cursor: Any, statement: str, *rest: Any) -> None:
        if self.is_async:
            # As with an async driver, this fails outside of a coroutine.
            await_in_greenlet(_pause())
        with self._shared.turn(statement, rest[-1]):
            send(cursor.raw if isinstance(cursor, AwaitableCursor) else cursor, statement, *rest)


class SQLite(KeepsTransaction, SQLiteDialect_pysqlite):
    """The sync driver of SQLite."""

    supports_statement_cache = True


class AsyncSQLite(KeepsTransaction, SQLiteDialect_aiosqlite):
    """The async driver of SQLite."""

    supports_statement_cache = True


class Psycopg(SharesConnection, PGDialect_psycopg):
    """The usual sync driver of PostgreSQL."""

    supports_statement_cache = True


class Psycopg2(SharesConnection, PGDialect_psycopg2):
    """The older sync driver of PostgreSQL."""

    supports_statement_cache = True


class MySQL(SharesConnection, MySQLDialect_pymysql):
    """The sync driver of MySQL."""

    supports_statement_cache = True


# SQLAlchemy combines the two classes like this when a URL names MariaDB.
class MariaDB(SharesConnection, MariaDBDialect, MySQLDialect_pymysql):  # pyright: ignore[reportIncompatibleVariableOverride]
    """The same driver, for URLs that name MariaDB."""

    supports_statement_cache = True


SQLITE: Final = "sqlite+kit_pysqlite://"
ASYNC_SQLITE: Final = "sqlite+kit_aiosqlite://"
_DIALECTS: Final[dict[str, type[DefaultDialect]]] = {
    "sqlite.kit_pysqlite": SQLite,
    "sqlite.kit_aiosqlite": AsyncSQLite,
    "postgresql.kit_psycopg": Psycopg,
    "postgresql.kit_psycopg2": Psycopg2,
    "mysql.kit_pymysql": MySQL,
    "mariadb.kit_pymysql": MariaDB,
}
for _name, _dialect in _DIALECTS.items():
    registry.register(_name, __name__, _dialect.__name__)


def engine_over(shared: DriverConnection, source: Engine, *, is_async: bool) -> Engine:
    """Return an engine for the database of *source* that uses only the *shared* connection.

    Args:
        shared: The connection.
        source: Another engine for the same database.
        is_async: Whether the engine is for an `AsyncEngine`, although the driver is the sync one.
    """
    backend, _, driver = source.url.drivername.partition("+")
    url = source.url.set(drivername=f"{backend}+kit_{driver}")
    engine = create_engine(url, creator=lambda: shared.raw, poolclass=StaticPool, shared=shared)
    # Connect once now, so that the engine's first statements don't show up in a test.
    engine.connect().close()
    if is_async:
        usual = engine.dialect.execution_ctx_cls
        engine.dialect.execution_ctx_cls = type(usual.__name__, (AwaitableCursors, usual), {})
        engine.dialect.is_async = True
    return engine


async def _pause() -> None:
    pass
