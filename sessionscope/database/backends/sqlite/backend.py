"""SQLite."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from sqlalchemy import URL, BigInteger, Column, Connection, Engine, Table
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError

from sessionscope.database.backends.backend import AskedOptions, Destination, Drivers, Location, Migrations
from sessionscope.database.backends.column_types import ColumnTypes
from sessionscope.database.backends.diagnosis import Diagnosis
from sessionscope.database.backends.query import read_query
from sessionscope.database.backends.sqlite.connections import LOCK_TIMEOUT, prepare_sqlite, take_usual_lock_timeout
from sessionscope.database.backends.sqlite.diagnosis import SQLiteDiagnosis
from sessionscope.database.backends.sqlite.failures import failure_of, violation_of
from sessionscope.database.backends.sqlite.inserts import insert_if_absent
from sessionscope.database.backends.sqlite.migrations import SQLiteMigrations
from sessionscope.database.error_kinds import Failure, Violation
from sessionscope.database.options import AUTOCOMMIT, WRITES
from sessionscope.settings import DatabaseSettings

_NAMES: Final = ("sqlite", "sqlite+pysqlite", "sqlite+aiosqlite")
# Source: https://docs.python.org/3/library/sqlite3.html#sqlite3.connect
_ARGUMENTS: Final = ("uri", "timeout", "isolation_level", "detect_types", "check_same_thread", "cached_statements")
# SQLite's own arguments, for a URL with uri=true. Source: https://www.sqlite.org/uri.html
_URI_ARGUMENTS: Final = ("mode", "cache", "immutable", "nolock", "psow", "vfs", "modeof")


class SQLite:
    """A file, which is set up so that it behaves like the other databases. Transactions are always serializable."""

    drivers: ClassVar[Mapping[str, Drivers]] = dict.fromkeys(_NAMES, Drivers("sqlite+pysqlite", "sqlite+aiosqlite"))
    is_embedded: ClassVar = True
    # The driver never begins a transaction by itself, so it is enough to leave out our BEGIN.
    autocommit: ClassVar[Mapping[str, Any]] = {AUTOCOMMIT: True}
    # NUMERIC is a float.
    types: ClassVar = ColumnTypes(money=BigInteger(), counts_cents=True)
    migrations: ClassVar[Migrations] = SQLiteMigrations()
    diagnosis: ClassVar[Diagnosis] = SQLiteDiagnosis()
    quotes_names: ClassVar = True

    def is_in_memory(self, url: URL) -> bool:
        """See `Backend.is_in_memory`."""
        return url.database in (None, "") or ":memory:" in str(url.database) or url.query.get("mode") == "memory"

    def destination(self, url: URL, settings: DatabaseSettings) -> Destination:  # noqa: ARG002 - there is no server
        """Return *url* unchanged, because its dialect reads the arguments. It ignores those that it doesn't know."""
        read_query(url, dict.fromkeys(_ARGUMENTS + _URI_ARGUMENTS * ("uri" in url.query), str))
        return Destination(url, {}, {})

    def connect(self, dialect: Dialect, record: object, arguments: list[Any], keywords: dict[str, Any]) -> Any:  # noqa: ARG002
        """See `Backend.connect`. The driver's errors are uniform already."""
        return dialect.connect(*arguments, **keywords)

    def socket_of(self, dialect: Dialect, connection: Any) -> None:
        """See `Backend.socket_of`."""

    def prepare(self, engine: Engine, settings: DatabaseSettings, location: Location) -> None:
        """See `Backend.prepare`."""
        prepare_sqlite(engine, settings, location)

    def execution_options(self, options: AskedOptions) -> dict[str, Any]:
        """See `Backend.execution_options`."""
        # The lock timeout is set before the transaction begins, because a writer waits in its BEGIN.
        waits = {LOCK_TIMEOUT: options.lock_timeout} if options.lock_timeout else {}
        return {WRITES: not options.read_only, **waits}

    def begin_statements(self, connection: Connection, options: AskedOptions) -> Iterator[str]:  # noqa: ARG002
        """See `Backend.begin_statements`."""
        if options.read_only:
            yield "PRAGMA query_only = ON"

    def end_statements(self, connection: Connection, options: AskedOptions) -> Iterator[str]:
        """See `Backend.end_statements`."""
        if options.read_only:
            yield "PRAGMA query_only = OFF"
        usual = take_usual_lock_timeout(connection)
        if usual is not None:
            yield f"PRAGMA busy_timeout = {usual}"

    def insert_if_absent(
        self, connection: Connection, table: Table, values: Mapping[str, Any], key: Sequence[Column[Any]]
    ) -> bool:
        """See `Backend.insert_if_absent`."""
        return insert_if_absent(connection, table, values, key)

    def failure_of(self, error: BaseException) -> Failure | None:
        """See `Backend.failure_of`."""
        return failure_of(error)

    def violation_of(self, error: DBAPIError) -> Violation | None:
        """See `Backend.violation_of`."""
        return violation_of(error)
