"""The options of a unit of work's transaction. The backend knows the statements that set them."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection

from sessionscope.database.backends import backend_of
from sessionscope.database.errors import NestedOptionsError

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
        return backend_of(dialect).execution_options(self)

    @property
    def are_usual(self) -> bool:
        """Whether `begin` and `end` have nothing to do."""
        return not (self.read_only or self.lock_timeout or self.statement_timeout)

    def begin(self, connection: Connection) -> None:
        """Set the options that need a statement, in the transaction that has just begun."""
        for statement in backend_of(connection.dialect.name).begin_statements(connection, self):
            connection.exec_driver_sql(statement)

    def end(self, connection: Connection) -> None:
        """Reset the options that would outlive the transaction on the connection, even after a failure."""
        try:
            # Directly on the driver: after a failure, SQLAlchemy would begin a new transaction.
            cursor = connection.connection.cursor()
            for statement in backend_of(connection.dialect.name).end_statements(connection, self):
                cursor.execute(statement)
            cursor.close()
        except Exception:  # noqa: BLE001 - of any driver
            # The next user of the connection must not get these options.
            connection.invalidate()
