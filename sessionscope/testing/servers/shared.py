"""The servers of a test run. Its workers share them, and if the run was killed, the next run stops them."""

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
    """Return the folder for servers: ``TMPDIR``, else one in memory if that is large enough, else the default.

    A folder in memory is faster, because DDL waits for the disk whatever the server's settings are.
    """
    memory = Path("/dev/shm")  # noqa: S108 - the directories in it have unique names
    if "TMPDIR" not in os.environ and os.access(memory, os.W_OK) and shutil.disk_usage(memory).total >= _PLENTY_BYTES:
        return memory
    return Path(tempfile.gettempdir()).resolve()


class Run:
    """The directory of a test run's servers, which is created for the first server.

    Its name has the id of the process that stops the servers, and the start time of that process, because ids are
    reused.

    Args:
        name: The name of the directory in `base`. By default, a new name.
    """

    def __init__(self, name: str | None = None) -> None:
        pid = os.getpid()
        self.name = name or f"{_PREFIX}-{pid}-{process.started(pid)}-{uuid.uuid4().hex[:8]}"
        self.directory = base() / self.name

    def shared(self, kind: type[_Shared]) -> _Shared:
        """Return the server of *kind* that all workers share. The first worker that asks for it starts it."""
        with self._alone():
            server = kind(self.directory / f"shared-{kind.__name__.lower()}")
            server.start()
        return server

    @contextmanager
    def own(self, kind: Any, *arguments: Any, **options: Any) -> Generator[Any, None, None]:
        """Start a server of *kind* that is not shared, and delete it at the end of the block."""
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
        """Stop the servers in the directory, and remove it."""
        process.stop_all(self.directory)
        shutil.rmtree(self.directory, ignore_errors=True)

    @contextmanager
    def _alone(self) -> Generator[None, None, None]:
        if not self.directory.exists():
            stop_leftovers()
        self.directory.mkdir(exist_ok=True)
        # The servers' system users must be able to pass through it.
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
