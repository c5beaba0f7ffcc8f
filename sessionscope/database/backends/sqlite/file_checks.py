"""Looks at the file of an SQLite database: its mode, its directory and its file system."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from sessionscope.database.backends.diagnosis import Observation, Status

_MOUNTS: Final = Path("/proc/self/mountinfo")
# File systems of other machines, on which locks and shared memory don't work, or not for all clients.
_REMOTE: Final = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "fuse.glusterfs", "ceph", "afs", "lustre")
_MILLISECONDS: Final = 100


def observe_file(connection: Connection, path: Path) -> Iterator[Observation]:
    """Yield what is right and wrong with the file at *path*, which *connection* has opened."""
    yield _mode(path)
    yield from _writable(connection, path)
    mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace") if _MOUNTS.exists() else ""
    kind = file_system_of(path.resolve(), mounts)
    if kind in _REMOTE:
        yield Observation(
            "network_file_system",
            Status.FAILURE,
            f"the file is on a network file system ({kind})",
            "SQLite's locks and its write-ahead log don't work there, so processes can damage the database",
            "move the file to a local disk, or use PostgreSQL",
        )


def _mode(path: Path) -> Observation:
    mode = stat.S_IMODE(path.stat().st_mode)
    shown = f"the file has mode {mode:03o}"
    remedy = f"chmod 600 {path}"
    if mode & stat.S_IWOTH:
        return Observation("file_mode", Status.FAILURE, shown, "every user of this machine can change the data", remedy)
    if mode & stat.S_IROTH:
        return Observation("file_mode", Status.WARNING, shown, "every user of this machine can read the data", remedy)
    return Observation("file_mode", Status.OK, shown)


def _writable(connection: Connection, path: Path) -> Iterator[Observation]:
    why = "no request can write"
    if not os.access(path.parent, os.W_OK):
        what = "this user can't write to the directory of the file"
        yield Observation(
            "directory_writable", Status.FAILURE, what, "SQLite keeps its log there", f"chmod u+w {path.parent}"
        )
    elif not os.access(path, os.W_OK):
        what = "this user can't write to the file"
        yield Observation("file_writable", Status.FAILURE, what, why, f"chmod u+w {path}")
    elif try_to_write(connection) is WriteLock.NEVER:
        what = "the file is open for reading only"
        yield Observation("file_writable", Status.FAILURE, what, why, "remove `mode=ro` from `database.url`")
    else:
        yield Observation("file_writable", Status.OK, "this user can write to the file and its directory")


class WriteLock(Enum):
    """Whether a connection can write now."""

    FREE = auto()
    TAKEN = auto()
    NEVER = auto()


def try_to_write(connection: Connection) -> WriteLock:
    """Begin to write on *connection*, whose transaction is rolled back, and change nothing."""
    connection.rollback()
    # Directly on the driver: SQLAlchemy would begin a transaction of its own first.
    cursor: Any = connection.connection.cursor()
    usual = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
    try:
        cursor.execute(f"PRAGMA busy_timeout = {_MILLISECONDS}")
        cursor.execute("BEGIN IMMEDIATE")
        version = cursor.execute("PRAGMA user_version").fetchone()[0]
        # On a file that is open for reading only, BEGIN IMMEDIATE alone succeeds.
        cursor.execute(f"PRAGMA user_version = {version}")
    except sqlite3.OperationalError as error:
        return WriteLock.TAKEN if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY else WriteLock.NEVER
    finally:
        connection.connection.rollback()
        cursor.execute(f"PRAGMA busy_timeout = {usual}")
        cursor.close()
    return WriteLock.FREE


def file_system_of(path: Path, mounts: str) -> str:
    """Return the kind of file system that *path* is on, or an empty text if it is not known.

    Args:
        path: An absolute path without links.
        mounts: The text of ``/proc/self/mountinfo``: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
    """
    found, kind = Path(), ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        # A space in a name is written as \040.
        point = Path(before.split()[4].replace(r"\040", " "))
        # The last of the mounts at one point is the one that is seen.
        if path.is_relative_to(point) and len(point.parts) >= len(found.parts):
            found, kind = point, after.split()[0]
    return kind
