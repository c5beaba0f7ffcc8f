"""A lock for migrations, because several processes may start to migrate the same database at once."""

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Final

from alembic.util import CommandError
from sqlalchemy import Connection

from sessionscope.database.backends import backend_of
from sessionscope.database.errors import DatabaseError

logger = logging.getLogger(__name__)

_PAUSE: Final = 0.1


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
    with backend_of(connection.dialect.name).migrations.lock(connection) as is_ours:
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
