"""What the library asks about a database. Each folder beside this file answers for one kind of database."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, NamedTuple, Protocol

from sqlalchemy import URL, Column, Connection, Engine, Table
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError

from sessionscope.database.backends.column_types import ColumnTypes
from sessionscope.database.backends.diagnosis import Diagnosis
from sessionscope.database.backends.silence import HasFileDescriptor
from sessionscope.database.error_kinds import Failure, Violation
from sessionscope.settings import DatabaseSettings


class Drivers(NamedTuple):
    """The pair of SQLAlchemy driver names for a URL."""

    sync: str
    asynchronous: str


class Destination(NamedTuple):
    """Where a driver connects to, and how.

    Attributes:
        url: The URL, with only those query arguments that its dialect reads itself.
        arguments: The other arguments, for `connect_args`.
        options: More options of `create_engine`.
    """

    url: URL
    arguments: dict[str, Any]
    options: dict[str, Any]


class Location(Protocol):
    """What a backend needs to know of a `DatabaseLocation`, and may change there."""

    must_exist: bool

    @property
    def private(self) -> bool:
        """Whether only this process can use the database, which ends with it."""
        ...


class AskedOptions(Protocol):
    """The options of one transaction, as in `TransactionOptions`. None means the value in the settings."""

    @property
    def isolation_level(self) -> str | None:
        """The isolation level, in SQL's words."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether the database refuses to write."""
        ...

    @property
    def lock_timeout(self) -> float | None:
        """Longest wait of a statement for a lock, in seconds."""
        ...

    @property
    def statement_timeout(self) -> float | None:
        """Longest run of a statement, in seconds."""
        ...


class Backend(Protocol):
    """A kind of database.

    Attributes:
        drivers: The drivers for each way to begin a URL.
        is_embedded: Whether the database is a file, which the driver reads and writes in this process without a server.
        autocommit: The execution options with which each statement of a connection stands alone.
        types: How column types are stored.
        migrations: What migrations have to know.
        diagnosis: What commands tell people about the database.
        quotes_names: Whether double quotes are around names in a statement, and not around values.
    """

    drivers: ClassVar[Mapping[str, Drivers]]
    is_embedded: ClassVar[bool]
    autocommit: ClassVar[Mapping[str, Any]]
    types: ClassVar[ColumnTypes]
    migrations: ClassVar["Migrations"]
    diagnosis: ClassVar[Diagnosis]
    quotes_names: ClassVar[bool]

    def is_in_memory(self, url: URL) -> bool:
        """Tell whether each connection to *url* would get a new, empty database."""
        ...

    def destination(self, url: URL, settings: DatabaseSettings) -> Destination:
        """Return where the driver in *url* connects to, and how.

        Args:
            url: The URL with its driver, as `translate_driver` returns it.
            settings: The timeouts, and whether there is a PgBouncer. Arguments in the URL override the settings.

        Raises:
            ConfigurationError: An argument in the URL's query is unknown, given twice or of the wrong type.
        """
        ...

    def connect(self, dialect: Dialect, record: object, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """Return a new connection of the driver. It is a listener of SQLAlchemy's event ``do_connect``.

        Every failure is the driver's `OperationalError`, with the server's error code if it gave one. Drivers also
        raise errors of the operating system, which an application that expects SQLAlchemy's errors would not catch.
        Cancellation is not changed.
        """
        ...

    def socket_of(self, dialect: Dialect, connection: Any) -> HasFileDescriptor | None:
        """Return the TCP socket of the driver's own *connection*, or None if it has none or it can't be found."""
        ...

    def prepare(self, engine: Engine, settings: DatabaseSettings, location: Location) -> None:
        """Add listeners to *engine*, which set up its connections and begin its transactions.

        Args:
            engine: A sync engine, or the one inside an async engine.
            settings: The timeouts and the isolation level.
            location: Says whether a file may be created. The engine keeps it alive.
        """
        ...

    def execution_options(self, options: AskedOptions) -> dict[str, Any]:
        """Return those execution options with which a connection begins a transaction that has *options*."""
        ...

    def begin_statements(self, connection: Connection, options: AskedOptions) -> Iterable[str]:
        """Return the statements that set the other *options*, in the transaction that has just begun."""
        ...

    def end_statements(self, connection: Connection, options: AskedOptions) -> Iterable[str]:
        """Return the statements that reset those *options* that would outlive the transaction on its connection."""
        ...

    def insert_if_absent(
        self, connection: Connection, table: Table, values: Mapping[str, Any], key: Sequence[Column[Any]]
    ) -> bool:
        """Insert a row unless there is a row with the same key; return whether it was inserted.

        If another transaction has inserted such a row, wait for its end.

        Args:
            connection: The connection, in a transaction.
            table: The table.
            values: The row's values by the keys of their columns, with those of *key*.
            key: The columns of the primary key, or of another unique key. The order doesn't matter.

        Raises:
            IntegrityError: The row breaks another constraint, such as another unique key.
        """
        ...

    def failure_of(self, error: BaseException) -> Failure | None:
        """Classify *error* by its code, or by its text if this kind of database gives none.

        Args:
            error: SQLAlchemy's error, or the driver's own. It may be an error of another kind of database.
        """
        ...

    def violation_of(self, error: DBAPIError) -> Violation | None:
        """Return the kind of constraint that *error* is about, or None if it has no code of this database.

        Not every driver raises an `IntegrityError`: of a check constraint, MariaDB's raise an `OperationalError`.
        """
        ...


class Migrations(Protocol):
    """What migrations have to know about a kind of database.

    Attributes:
        undoes_ddl: Whether a rollback undoes CREATE, ALTER and DROP.
    """

    undoes_ddl: ClassVar[bool]

    def lock(self, connection: Connection) -> AbstractContextManager[Callable[[], bool]]:
        """Return a block that yields a function, which tries to take the migration lock and tells whether it has.

        The lock is released at the end of the block, and with the process.

        Args:
            connection: The connection that migrates. It must not be in a transaction.
        """
        ...

    def begin(self, connection: Connection) -> None:
        """Set up *connection* for migrations, before its first transaction."""
        ...

    def fault(self, connection: Connection) -> str | None:
        """Return what is wrong with the rows after a migration, which must then be undone, or None."""
        ...

    def loses_rows(self, connection: Connection, table: str) -> bool:
        """Tell whether a batch that rebuilds *table* on *connection* would delete rows of other tables."""
        ...

    def says_table_exists(self, error: DBAPIError) -> bool:
        """Tell whether *error* says that a table can't be created, because it exists."""
        ...
