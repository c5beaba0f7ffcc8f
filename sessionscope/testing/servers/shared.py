"""The servers of a test run: shared by its workers, gone with it, and found again where it was killed."""

import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sessionscope.testing.servers import process
from sessionscope.testing.servers.mariadb import MariaDB
from sessionscope.testing.servers.postgresql import PostgreSQL

_PREFIX = "app-test-servers"
_PLENTY_BYTES = 4 * 2**30
_Shared = TypeVar("_Shared", PostgreSQL, MariaDB)


def base() -> Path:
    """Return the folder for servers: ``TMPDIR``, or one in memory where there is plenty, or the usual one.

    DDL waits for a disk, whatever a server is told.
    """
    memory = Path("/dev/shm")  # noqa: S108 - what is made in it has a name of its own
    if "TMPDIR" not in os.environ and os.access(memory, os.W_OK) and shutil.disk_usage(memory).total >= _PLENTY_BYTES:
        return memory
    return Path(tempfile.gettempdir()).resolve()


class Run:
    """The directory of a test run's servers, which is made when the first is wanted.

    Its name has the id of the process that stops them, and when that process started: ids come again.

    Args:
        name: The directory's, in `base`; a new one without it.
    """

    def __init__(self, name: str | None = None) -> None:
        pid = os.getpid()
        self.name = name or f"{_PREFIX}-{pid}-{process.started(pid)}-{uuid.uuid4().hex[:8]}"
        self.directory = base() / self.name

    def shared(self, kind: type[_Shared]) -> _Shared:
        """Return the one server of its *kind* that all workers share; the first who asks starts it."""
        with self._alone():
            server = kind(self.directory / f"shared-{kind.__name__.lower()}")
            server.start()
        return server

    @contextmanager
    def own(self, kind: Any, *arguments: Any, **options: Any) -> Generator[Any, None, None]:
        """Give a server that nobody else has, started, and throw it away afterwards."""
        with self._alone():
            directory = Path(tempfile.mkdtemp(dir=self.directory, prefix=f"{kind.__name__.lower()}-"))
        directory.chmod(0o711)
        try:
            server = kind(directory, *arguments, **options)
            server.start()
            yield server
        finally:
            process.stop_all(directory)
            shutil.rmtree(directory, ignore_errors=True)

    def close(self) -> None:
        """Stop what runs in the directory, and remove it."""
        process.stop_all(self.directory)
        shutil.rmtree(self.directory, ignore_errors=True)

    @contextmanager
    def _alone(self) -> Generator[None, None, None]:
        if not self.directory.exists():
            stop_leftovers()
        self.directory.mkdir(exist_ok=True)
        # The servers' users pass through it.
        self.directory.chmod(0o711)
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def stop_leftovers() -> None:
    """Stop the servers of runs whose process has ended, and remove their directories."""
    for directory in base().glob(f"{_PREFIX}-*"):
        with suppress(ValueError, FileNotFoundError):
            pid, born = map(int, directory.name.removeprefix(f"{_PREFIX}-").split("-")[:2])
            if process.started(pid) != born and directory.stat().st_uid == os.geteuid():
                Run(directory.name).close()
