"""A lock for migrations, because several processes may start to migrate the same database at once."""

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
# Any number that no other program uses.
_KEY: Final = int.from_bytes(hashlib.sha256(b"sessionscope.migrations.locking").digest()[:8], signed=True)
# A name is shared by the whole server and has at most 64 characters. Each node of a Galera cluster has its own names.
_NAME: Final = "CONCAT('migrations of ', MD5(DATABASE()))"


class MigrationLockError(DatabaseError, CommandError):
    """Raised when another process did not finish its migration in time. `alembic` reports it in one line."""

    def __init__(self, patience: float) -> None:
        super().__init__(
            f"another process is migrating this database, and had not finished after {patience:g} s:"
            " check what it is doing, and try again"
        )


@contextmanager
def turn(connection: Connection, patience: float) -> Generator[None, None, None]:
    """Hold the migration lock during the block. Wait first if another process holds it.

    The lock is released when the process ends, however it ends. Read the state of the database inside the block: the
    other process may have changed it.

    Args:
        connection: The connection that migrates. It must not be in a transaction.
        patience: Longest wait, in seconds.

    Raises:
        MigrationLockError: Another process held the lock all the time.
    """
    with _LOCKS[connection.dialect.name](connection) as is_ours:
        _wait(is_ours, patience)
        yield


def _wait(is_ours: Callable[[], bool], patience: float) -> None:
    # Poll for the lock. A process that waits inside a statement would block PostgreSQL's CREATE INDEX CONCURRENTLY,
    # which the other process may be executing.
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
    # The lock belongs to a transaction on a second connection: a migration may commit several times, and PgBouncer
    # gives each transaction a different session. If the lock is lost, a second process fails when it records its
    # revision, and its migration is undone. At READ COMMITTED, the idle transaction holds no snapshot.
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


# Which of these settings exist depends on the server's version.
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
        # A broken connection has lost its lock already.
        with suppress(DBAPIError):
            connection.rollback()
            connection.execute(text(f"DO RELEASE_LOCK({_NAME})"))
            connection.rollback()


@contextmanager
def _sqlite(connection: Connection) -> Generator[Callable[[], bool], None, None]:
    # Lock the folder, which leaves no file behind. Closing the database file would release SQLite's own locks.
    # A transaction would not do: each migration has its own, and another process could begin in between.
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
