"""Finds the process that writes to an SQLite file."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from sessionscope.database.backends.diagnosis import NotKnownError, ServerConnection
from sessionscope.database.backends.sqlite.file_checks import WriteLock, try_to_write

_LOCKS: Final = Path("/proc/locks")
# The byte of the file *-shm that a writer locks. Source: https://www.sqlite.org/walformat.html#wal_locks
_WRITER: Final = "120"


def read_blocked(connection: Connection) -> list[ServerConnection]:
    """Return the process that writes to the file, or an empty list if none does.

    Raises:
        NotKnownError: A process writes, and the system doesn't tell which one.
    """
    path = str(connection.exec_driver_sql("PRAGMA database_list").all()[0][2])
    # Looked up first: while this process tries, it has the lock itself.
    locks = _LOCKS.read_text(encoding="utf-8") if _LOCKS.exists() else ""
    if try_to_write(connection) is not WriteLock.TAKEN:
        return []
    process = writer_in(locks, Path(f"{path}-shm"))
    if process is None:
        raise NotKnownError(
            "a process writes to the file now, and SQLite doesn't tell which one",
            f"`fuser -v {path}` lists the processes that have the file open; stop the one that should not write",
        )
    return [ServerConnection(id=process, state="writes to the file", end=f"kill {process}")]


def writer_in(locks: str, file: Path) -> int | None:
    """Return the process that has the lock of writers on *file*, or None if it is not known.

    Args:
        locks: The text of ``/proc/locks``: https://man7.org/linux/man-pages/man5/proc_locks.5.html
        file: The shared memory of the write-ahead log.
    """
    if not file.exists():
        return None
    number = str(file.stat().st_ino)
    for line in locks.splitlines():
        parts = line.split()
        is_writer = parts[3:4] == ["WRITE"] and parts[5].rpartition(":")[2] == number
        # The system shows 0 or less for a process that this one can't see.
        if is_writer and parts[6:] == [_WRITER, _WRITER] and int(parts[4]) > 0:
            return int(parts[4])
    return None
