"""One migration at a time: several processes may be told to migrate the same database at once."""

import fcntl
import hashlib
import logging
import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from sessionscope.database.errors import DatabaseError

logger = logging.getLogger(__name__)

_PAUSE: Final = 0.1
# Any number that no other program takes.
_KEY: Final = int.from_bytes(hashlib.sha256(b"sessionscope.migrations.locking").digest()[:8], signed=True)
# Names are the whole server's, and have 64 characters at most. Each node of a Galera cluster has its own.
_NAME: Final = "CONCAT('migrations of ', MD5(DATABASE()))"


class MigrationLockError(DatabaseError, CommandError):
    """Raised when another process did not come to the end of its migration in time; `alembic` tells it in one line."""

    def __init__(self, patience: float) -> None:
        super().__init__(
            f"another process is migrating this database, and had not finished after {patience:g} s:"
            " see what it does, and try again"
        )


@contextmanager
def turn(connection: Connection, patience: float) -> Generator[None, None, None]:
    """Wait until nobody else migrates the database, and let the others wait until the block ends.

    The lock ends with the process, however that ends. Nothing has been read meanwhile: what the
    database is like is to be looked at inside of the block.

    Args:
        connection: The one that migrates, outside of a transaction.
        patience: Longest wait, in seconds.

    Raises:
        MigrationLockError: Somebody else had the lock all the time.
    """
    with _LOCKS[connection.dialect.name](connection) as is_ours:
        _wait(is_ours, patience)
        yield


def _wait(is_ours: Callable[[], bool], patience: float) -> None:
    # Ask for the lock again and again: a process that waits inside a statement blocks
    # PostgreSQL's CREATE INDEX CONCURRENTLY, which may be what the other one does.
    deadline = monotonic() + patience
    if is_ours():
        return
    logger.warning("another process is migrating this database: waiting for at most %g s", patience)
    while not is_ours():
        if monotonic() > deadline:
            raise MigrationLockError(patience)
        sleep(_PAUSE)


@contextmanager
def _postgresql(connection: Connection) -> Generator[Callable[[], bool], None, None]:
    # A transaction of another connection, for PgBouncer gives each transaction another session, and
    # a migration may commit as often as it likes. Should it be lost, a second process fails when it
    # notes its version, and is undone. Without a snapshot it is in nobody's way.
    keeper = connection.engine.connect().execution_options(isolation_level="READ COMMITTED")

    def is_ours() -> bool:
        if keeper.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _KEY}):
            keeper.execute(_PATIENT)
            return True
        keeper.rollback()
        return False

    try:
        yield is_ours
    finally:
        with suppress(DBAPIError):
            keeper.close()


# Which of these there are depends on the server's version.
_PATIENT: Final = text(
    "SELECT set_config(name, '0', true) FROM pg_settings"
    " WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')"
)


@contextmanager
def _mysql(connection: Connection) -> Generator[Callable[[], bool], None, None]:
    def is_ours() -> bool:
        is_free = connection.scalar(text(f"SELECT GET_LOCK({_NAME}, 0)"))
        connection.rollback()
        return bool(is_free)

    try:
        yield is_ours
    finally:
        # A connection that is broken has lost its lock already.
        with suppress(DBAPIError):
            connection.rollback()
            connection.execute(text(f"DO RELEASE_LOCK({_NAME})"))
            connection.rollback()


@contextmanager
def _sqlite(connection: Connection) -> Generator[Callable[[], bool], None, None]:
    # The folder, as nothing is left behind so. Not the file: closing it would let go of SQLite's own
    # locks. Not a transaction: each migration has one, and the next process could come in between.
    file = connection.exec_driver_sql("PRAGMA database_list").all()[0][2]
    connection.rollback()
    folder = os.open(Path(file).parent, os.O_RDONLY)

    def is_ours() -> bool:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        yield is_ours
    finally:
        os.close(folder)


_LOCKS: Final[dict[str, Callable[[Connection], AbstractContextManager[Callable[[], bool]]]]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "mysql": _mysql,
    "mariadb": _mysql,
}
