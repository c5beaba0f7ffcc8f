"""The options of a unit of work's transaction, and the statements that set them on each database."""

from dataclasses import dataclass
from math import ceil
from typing import Any, Final, Literal

from sqlalchemy import Connection

from sessionscope.database.errors import NestedOptionsError
from sessionscope.database.options import ISOLATION_LEVEL, LOCK_TIMEOUT, READ_ONLY, WRITES
from sessionscope.database.sqlite import lock_timeout_again

IsolationLevel = Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionOptions:
    """The options of one transaction. An option that is not set has the value that the settings give it.

    Attributes:
        isolation_level: Ignored by SQLite, whose transactions are always serializable.
        read_only: Whether the database refuses to write.
        lock_timeout: Longest wait of a statement for a lock, in seconds; whole seconds on MySQL and MariaDB.
        statement_timeout: Longest run of a statement, in seconds; ignored by SQLite, which has no such limit.
    """

    isolation_level: IsolationLevel | None = None
    read_only: bool = False
    lock_timeout: float | None = None
    statement_timeout: float | None = None

    def join(self, outer: "TransactionOptions") -> None:
        """Check that a unit of work with these options can be part of one with the options *outer*.

        Raises:
            NestedOptionsError: An option is set that the outer transaction doesn't have.
        """
        unmet = [
            name
            for name in ("isolation_level", "lock_timeout", "statement_timeout")
            if getattr(self, name) not in (None, getattr(outer, name))
        ]
        if outer.read_only and not self.read_only:
            unmet.append("read_only")
        if unmet:
            raise NestedOptionsError(unmet)

    def execution_options(self, dialect: str) -> dict[str, Any]:
        """Return the execution options for a connection that begins a transaction with these options."""
        options: dict[str, Any] = {WRITES: not self.read_only}
        if dialect == "sqlite" and self.lock_timeout:
            # Set before the transaction begins, because a writer waits in its BEGIN.
            options[LOCK_TIMEOUT] = self.lock_timeout
        if dialect != "sqlite" and self.isolation_level:
            options["isolation_level" if dialect == "postgresql" else ISOLATION_LEVEL] = self.isolation_level
        if dialect != "sqlite" and self.read_only:
            options["postgresql_readonly" if dialect == "postgresql" else READ_ONLY] = True
        return options

    @property
    def are_usual(self) -> bool:
        """Whether `begin` and `end` have nothing to do."""
        return not (self.read_only or self.lock_timeout or self.statement_timeout)

    def begin(self, connection: Connection) -> None:
        """Set the options that need a statement, in the transaction that has just begun."""
        for statement in self._statements(connection, _AT_BEGIN):
            connection.exec_driver_sql(statement)

    def end(self, connection: Connection) -> None:
        """Reset the options that would outlive the transaction on the connection, even after a failure."""
        try:
            # Directly on the driver: after a failure, SQLAlchemy would begin a new transaction.
            cursor = connection.connection.cursor()
            for statement in self._statements(connection, _AT_END):
                cursor.execute(statement)
            if self.lock_timeout and connection.dialect.name == "sqlite":
                lock_timeout_again(connection, cursor)
            cursor.close()
        except Exception:  # noqa: BLE001 - of any driver
            # The next user of the connection must not get these options.
            connection.invalidate()

    def _statements(self, connection: Connection, table: dict[str, dict[str, str]]) -> list[str]:
        words = table.get(_family(connection), {})
        asked = {name: getattr(self, name) for name in ("read_only", "lock_timeout", "statement_timeout")}
        return [
            words[name].format(seconds=value, whole_seconds=ceil(value), milliseconds=ceil(value * 1000))
            for name, value in asked.items()
            if value and name in words
        ]


def _family(connection: Connection) -> str:
    dialect: Any = connection.dialect
    return "mariadb" if dialect.name == "mysql" and dialect.is_mariadb else str(dialect.name)


# Sources: https://www.postgresql.org/docs/current/sql-set.html,
# https://mariadb.com/docs/server/reference/sql-statements/administrative-sql-statements/set-commands/set-transaction,
# https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html, https://www.sqlite.org/pragma.html
_MYSQL_BEGIN: Final = {
    "lock_timeout": "SET @app_lock_timeout = @@innodb_lock_wait_timeout, innodb_lock_wait_timeout = {whole_seconds}",
}
_MYSQL_END: Final = {"lock_timeout": "SET innodb_lock_wait_timeout = @app_lock_timeout"}
_AT_BEGIN: Final[dict[str, dict[str, str]]] = {
    "sqlite": {"read_only": "PRAGMA query_only = ON"},
    "postgresql": {
        "lock_timeout": "SET LOCAL lock_timeout = {milliseconds}",
        "statement_timeout": "SET LOCAL statement_timeout = {milliseconds}",
    },
    "mariadb": _MYSQL_BEGIN
    | {"statement_timeout": "SET @app_run_time = @@max_statement_time, max_statement_time = {seconds}"},
    "mysql": _MYSQL_BEGIN
    | {"statement_timeout": "SET @app_run_time = @@max_execution_time, max_execution_time = {milliseconds}"},
}
_AT_END: Final[dict[str, dict[str, str]]] = {
    "sqlite": {"read_only": "PRAGMA query_only = OFF"},
    "mariadb": _MYSQL_END | {"statement_timeout": "SET max_statement_time = @app_run_time"},
    "mysql": _MYSQL_END | {"statement_timeout": "SET max_execution_time = @app_run_time"},
}
