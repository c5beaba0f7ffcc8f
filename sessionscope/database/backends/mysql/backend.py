"""MySQL and MariaDB."""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Any, ClassVar

from sqlalchemy import URL, Column, Connection, Engine, Table, event
from sqlalchemy.dialects.mysql import DATETIME, MEDIUMTEXT
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError

import sessionscope.database.backends.mysql.sql  # noqa: F401  # pyright: ignore[reportUnusedImport] - its INSERT that does not wait
from sessionscope.database.backends.backend import AskedOptions, Destination, Drivers, Location, Migrations
from sessionscope.database.backends.column_types import ColumnTypes
from sessionscope.database.backends.diagnosis import Diagnosis
from sessionscope.database.backends.mysql.arguments import destination
from sessionscope.database.backends.mysql.connecting import connect
from sessionscope.database.backends.mysql.connections import ISOLATION_LEVEL, READ_ONLY, prepare_mysql
from sessionscope.database.backends.mysql.diagnosis import MySQLDiagnosis
from sessionscope.database.backends.mysql.failures import failure_of, violation_of
from sessionscope.database.backends.mysql.inserts import insert_if_absent
from sessionscope.database.backends.mysql.migrations import MySQLMigrations
from sessionscope.database.backends.mysql.sockets import socket_of
from sessionscope.database.backends.silence import HasFileDescriptor
from sessionscope.database.error_kinds import Failure, Violation
from sessionscope.database.options import AUTOCOMMIT, WRITES
from sessionscope.settings import DatabaseSettings


def _drivers() -> Iterator[tuple[str, Drivers]]:
    for scheme in ("mysql", "mariadb"):
        usual = Drivers(f"{scheme}+pymysql", f"{scheme}+aiomysql")
        yield from ((scheme, usual), (f"{scheme}+pymysql", usual), (f"{scheme}+aiomysql", usual))
        yield f"{scheme}+asyncmy", Drivers(f"{scheme}+pymysql", f"{scheme}+asyncmy")


def _is_mariadb(dialect: Dialect) -> bool:
    # A URL that begins with mysql may lead to MariaDB, which the dialect notices when it connects.
    return bool(getattr(dialect, "is_mariadb", False))


def _exact_collation(dialect: Dialect) -> str:
    # Each server has only its own.
    return "utf8mb4_nopad_bin" if _is_mariadb(dialect) else "utf8mb4_0900_bin"


class MySQL:
    """MySQL, MariaDB and Galera. Connections stay in autocommit, and each transaction begins with a statement."""

    drivers: ClassVar[Mapping[str, Drivers]] = dict(_drivers())
    is_embedded: ClassVar = False
    # It is enough to leave out our statement.
    autocommit: ClassVar[Mapping[str, Any]] = {AUTOCOMMIT: True}
    # By default, no microseconds are stored, and TEXT has room for 64 kB only.
    types: ClassVar = ColumnTypes(timestamp=DATETIME(fsp=6), long_text=MEDIUMTEXT(), exact_collation=_exact_collation)
    migrations: ClassVar[Migrations] = MySQLMigrations()
    diagnosis: ClassVar[Diagnosis] = MySQLDiagnosis()
    quotes_names: ClassVar = False

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
        """See `Backend.socket_of`."""
        return socket_of(dialect.driver, connection)

    def prepare(self, engine: Engine, settings: DatabaseSettings, location: Location) -> None:  # noqa: ARG002 - of files
        """See `Backend.prepare`."""
        event.listen(engine, "do_connect", self.connect)
        prepare_mysql(engine, settings)

    def execution_options(self, options: AskedOptions) -> dict[str, Any]:
        """See `Backend.execution_options`."""
        chosen: dict[str, Any] = {WRITES: not options.read_only}
        if options.isolation_level:
            chosen[ISOLATION_LEVEL] = options.isolation_level
        if options.read_only:
            chosen[READ_ONLY] = True
        return chosen

    def begin_statements(self, connection: Connection, options: AskedOptions) -> Iterator[str]:
        """See `Backend.begin_statements`. The usual values are kept in variables of the connection.

        Source: https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html
        """
        if options.lock_timeout:
            seconds = ceil(options.lock_timeout)
            yield f"SET @app_lock_timeout = @@innodb_lock_wait_timeout, innodb_lock_wait_timeout = {seconds}"
        if options.statement_timeout and _is_mariadb(connection.dialect):
            yield f"SET @app_run_time = @@max_statement_time, max_statement_time = {options.statement_timeout}"
        elif options.statement_timeout:
            milliseconds = ceil(options.statement_timeout * 1000)
            yield f"SET @app_run_time = @@max_execution_time, max_execution_time = {milliseconds}"

    def end_statements(self, connection: Connection, options: AskedOptions) -> Iterator[str]:
        """See `Backend.end_statements`."""
        if options.lock_timeout:
            yield "SET innodb_lock_wait_timeout = @app_lock_timeout"
        if options.statement_timeout:
            name = "max_statement_time" if _is_mariadb(connection.dialect) else "max_execution_time"
            yield f"SET {name} = @app_run_time"

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
