"""What can be told of an SQLite file. Implements `Diagnosis`."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final, NoReturn

from sqlalchemy import Connection

from sessionscope.database.backends.diagnosis import (
    NotKnownError,
    Observation,
    Order,
    ServerConnection,
    Status,
)
from sessionscope.database.backends.sqlite.file_checks import observe_file
from sessionscope.database.backends.sqlite.plans import explain
from sessionscope.database.backends.sqlite.write_lock import read_blocked
from sessionscope.settings import DatabaseSettings

# The value that each pragma needs, why, and the remedy.
_PRAGMAS: Final = {
    "foreign_keys": ("1", "rows that refer to nothing would be accepted", "use an SQLite that enforces foreign keys"),
    "journal_mode": (
        "wal",
        "a write blocks all reads, and a long read blocks all writes",
        "put the file on a local disk, and make its directory writable for the service",
    ),
}


class SQLiteDiagnosis:
    """Implements `Diagnosis`."""

    explains_writes_read_only: ClassVar = True

    def version(self, connection: Connection) -> str:  # noqa: ARG002 - it is in this process
        """See `Diagnosis.version`."""
        return f"SQLite {sqlite3.sqlite_version}"

    def clock(self, connection: Connection) -> None:
        """See `Diagnosis.clock`."""

    def capacity(self, connection: Connection) -> None:
        """See `Diagnosis.capacity`."""

    def observe(self, connection: Connection, settings: DatabaseSettings) -> Iterator[Observation]:
        """See `Diagnosis.observe`."""
        for name, (wanted, why, remedy) in _PRAGMAS.items():
            value = str(connection.exec_driver_sql(f"PRAGMA {name}").scalar())
            if value == wanted:
                yield Observation(name, Status.OK, f"{name} is {value}")
            else:
                yield Observation(name, Status.FAILURE, f"{name} is {value}, not {wanted}", why, remedy)
        yield _busy_timeout(connection, settings)
        path = Path(str(connection.exec_driver_sql("PRAGMA database_list").all()[0][2]))
        yield from observe_file(connection, path)

    def blocked(self, connection: Connection) -> list[ServerConnection]:
        """See `Diagnosis.blocked`. It tells at most which process writes."""
        return read_blocked(connection)

    def slowest(self, connection: Connection, order: Order, count: int) -> NoReturn:
        """See `Diagnosis.slowest`.

        Raises:
            NotKnownError: Always.
        """
        del connection, order, count
        raise NotKnownError(
            "SQLite keeps no statistics of statements",
            "see the log for statements that took longer than `database.slow_statement`",
        )

    def explain(self, connection: Connection, statement: str, paramstyle: str) -> list[str]:
        """See `Diagnosis.explain`."""
        return explain(connection, statement, paramstyle)


def _busy_timeout(connection: Connection, settings: DatabaseSettings) -> Observation:
    found, wanted = connection.exec_driver_sql("PRAGMA busy_timeout").scalar(), int(settings.lock_timeout * 1000)
    if found == wanted:
        return Observation("busy_timeout", Status.OK, f"busy_timeout is {found} ms")
    return Observation(
        "busy_timeout",
        Status.WARNING,
        f"busy_timeout is {found} ms, and `database.lock_timeout` is {wanted} ms",
        "a statement waits for another time than the setting says, before it fails because of a lock",
        "remove listeners of your own that set the pragma",
    )
