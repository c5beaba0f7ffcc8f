"""What a unit of work asks of its transaction, in each database's own words."""

from dataclasses import dataclass
from math import ceil
from typing import Any, Final, Literal

from sqlalchemy import Connection

from sessionscope.database.errors import NestedTermsError
from sessionscope.database.options import ISOLATION_LEVEL, LOCK_TIMEOUT, READ_ONLY, WRITES
from sessionscope.database.sqlite import lock_timeout_again

IsolationLevel = Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of one transaction; unset ones are the connection's own, as the settings say.

    Attributes:
        isolation_level: Ignored by SQLite, whose transactions are always serializable.
        read_only: The database refuses to write.
        lock_timeout: Longest wait of a statement for a lock, seconds; MySQL and MariaDB count whole ones.
        statement_timeout: Longest run of a statement, seconds; ignored by SQLite, which has none.
    """

    isolation_level: IsolationLevel | None = None
    read_only: bool = False
    lock_timeout: float | None = None
    statement_timeout: float | None = None

    def join(self, outer: "Terms") -> None:
        """Check that a unit of work with these terms may be a part of one with *outer*'s.

        Raises:
            NestedTermsError: It asks for something that the outer transaction doesn't give.
        """
        unmet = [
            name
            for name in ("isolation_level", "lock_timeout", "statement_timeout")
            if getattr(self, name) not in (None, getattr(outer, name))
        ]
        if outer.read_only and not self.read_only:
            unmet.append("read_only")
        if unmet:
            raise NestedTermsError(unmet)

    def options(self, dialect: str) -> dict[str, Any]:
        """Return the execution options of a connection that is to begin on these terms."""
        options: dict[str, Any] = {WRITES: not self.read_only}
        if dialect == "sqlite" and self.lock_timeout:
            # Before the transaction begins: that is where a writer waits.
            options[LOCK_TIMEOUT] = self.lock_timeout
        if dialect != "sqlite" and self.isolation_level:
            options["isolation_level" if dialect == "postgresql" else ISOLATION_LEVEL] = self.isolation_level
        if dialect != "sqlite" and self.read_only:
            options["postgresql_readonly" if dialect == "postgresql" else READ_ONLY] = True
        return options

    @property
    def are_usual(self) -> bool:
        """Whether there is nothing to tell the database."""
        return not (self.read_only or self.lock_timeout or self.statement_timeout)

    def begin(self, connection: Connection) -> None:
        """Tell the database of the terms that are no options, in the transaction that has just begun."""
        for statement in self._statements(connection, _AT_BEGIN):
            connection.exec_driver_sql(statement)

    def end(self, connection: Connection) -> None:
        """Take back what would outlive the transaction on the connection, whatever has become of the transaction."""
        try:
            # Past SQLAlchemy, which would begin anew where the transaction has failed.
            cursor = connection.connection.cursor()
            for statement in self._statements(connection, _AT_END):
                cursor.execute(statement)
            if self.lock_timeout and connection.dialect.name == "sqlite":
                lock_timeout_again(connection, cursor)
            cursor.close()
        except Exception:  # noqa: BLE001 - of any driver
            # Nobody else is to have a connection with these terms.
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
