"""PostgreSQL."""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Any, ClassVar, Final

from sqlalchemy import URL, Column, Connection, Engine, Table, event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError

import sessionscope.database.backends.postgresql.sql  # noqa: F401  # pyright: ignore[reportUnusedImport] - its names of functions
from sessionscope.database.backends.backend import AskedOptions, Destination, Drivers, Location, Migrations
from sessionscope.database.backends.column_types import ColumnTypes
from sessionscope.database.backends.diagnosis import Diagnosis
from sessionscope.database.backends.postgresql.arguments import destination
from sessionscope.database.backends.postgresql.connections import connect, prepare_postgresql
from sessionscope.database.backends.postgresql.diagnosis import PostgreSQLDiagnosis
from sessionscope.database.backends.postgresql.failures import failure_of, violation_of
from sessionscope.database.backends.postgresql.inserts import insert_if_absent
from sessionscope.database.backends.postgresql.migrations import PostgreSQLMigrations
from sessionscope.database.backends.silence import HasFileDescriptor
from sessionscope.database.error_kinds import Failure, Violation
from sessionscope.database.options import WRITES
from sessionscope.settings import DatabaseSettings

_USUAL: Final = Drivers("postgresql+psycopg", "postgresql+asyncpg")


class PostgreSQL:
    """PostgreSQL, directly or behind PgBouncer."""

    drivers: ClassVar[Mapping[str, Drivers]] = {
        "postgres": _USUAL,
        "postgresql": _USUAL,
        "postgresql+asyncpg": _USUAL,
        "postgresql+psycopg": Drivers("postgresql+psycopg", "postgresql+psycopg"),
        "postgresql+psycopg2": Drivers("postgresql+psycopg2", "postgresql+asyncpg"),
    }
    is_embedded: ClassVar = False
    autocommit: ClassVar[Mapping[str, Any]] = {"isolation_level": "AUTOCOMMIT"}
    types: ClassVar = ColumnTypes(keeps_offset=True, exact_collation=lambda _: "C")
    migrations: ClassVar[Migrations] = PostgreSQLMigrations()
    diagnosis: ClassVar[Diagnosis] = PostgreSQLDiagnosis()
    quotes_names: ClassVar = True

    def is_in_memory(self, url: URL) -> bool:  # noqa: ARG002 - of no server
        """See `Backend.is_in_memory`."""
        return False

    def destination(self, url: URL, settings: DatabaseSettings) -> Destination:
        """See `Backend.destination`."""
        return destination(url, settings)

    def connect(self, dialect: Dialect, record: object, arguments: list[Any], keywords: dict[str, Any]) -> Any:  # noqa: ARG002
        """See `Backend.connect`."""
        return connect(dialect, arguments, keywords)

    def socket_of(self, dialect: Dialect, connection: Any) -> HasFileDescriptor | None:
        """See `Backend.socket_of`. The connections of libpq's drivers have a documented `fileno`."""
        found: HasFileDescriptor | None = (
            getattr(connection, "socket", None) if dialect.driver == "asyncpg" else connection
        )
        return found

    def prepare(self, engine: Engine, settings: DatabaseSettings, location: Location) -> None:  # noqa: ARG002 - of files
        """See `Backend.prepare`."""
        event.listen(engine, "do_connect", self.connect)
        prepare_postgresql(engine, settings)

    def execution_options(self, options: AskedOptions) -> dict[str, Any]:
        """See `Backend.execution_options`."""
        chosen: dict[str, Any] = {WRITES: not options.read_only}
        if options.isolation_level:
            chosen["isolation_level"] = options.isolation_level
        if options.read_only:
            chosen["postgresql_readonly"] = True
        return chosen

    def begin_statements(self, connection: Connection, options: AskedOptions) -> Iterator[str]:  # noqa: ARG002
        """See `Backend.begin_statements`.

        Source: https://www.postgresql.org/docs/current/sql-set.html
        """
        if options.lock_timeout:
            yield f"SET LOCAL lock_timeout = {ceil(options.lock_timeout * 1000)}"
        if options.statement_timeout:
            yield f"SET LOCAL statement_timeout = {ceil(options.statement_timeout * 1000)}"

    def end_statements(self, connection: Connection, options: AskedOptions) -> tuple[str, ...]:  # noqa: ARG002
        """See `Backend.end_statements`. All options end with their transaction."""
        return ()

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
