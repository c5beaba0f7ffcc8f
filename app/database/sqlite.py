"""What SQLite needs to behave like the other databases."""

from typing import Any, Final

from sqlalchemy import Connection, Engine, event

from app.database.location import DatabaseLocation
from config import DatabaseSettings

# Set on a connection whose transaction is going to write.
WRITES: Final = "app_writes"
# Set on a connection whose statements each stand alone.
AUTOCOMMIT: Final = "app_autocommit"


def prepare_sqlite(engine: Engine, settings: DatabaseSettings, location: DatabaseLocation) -> None:
    """Turn on foreign keys, write-ahead logging, waiting for locks, and real transactions.

    Args:
        engine: A sync engine, or the one inside an async engine.
        settings: Gives the longest wait for a lock.
        location: Kept alive by the engine, so that a private database doesn't vanish under it.

    Source: https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#sqlite-transactions
    """
    pragmas = [
        "PRAGMA foreign_keys = ON",
        f"PRAGMA busy_timeout = {int(settings.lock_timeout * 1000)}",
        "PRAGMA journal_mode = WAL",
    ]

    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, _record: object) -> None:
        # The driver's own BEGIN comes late and not before every statement: savepoints and
        # reads would stand outside the transaction. We say BEGIN ourselves.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        if location.private:
            # It ends with the process: nothing is gained by waiting for the disk.
            cursor.execute("PRAGMA synchronous = OFF")
        cursor.close()

    event.listen(engine, "begin", _begin)


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(AUTOCOMMIT):
        return
    # A transaction that reads first and writes later fails at once when another one
    # committed in between; taking the write lock at the start makes it wait instead.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITES) else "BEGIN")
