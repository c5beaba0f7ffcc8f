"""The folder in which each process of a user has a socket, and nobody else has."""

import os
from pathlib import Path
from tempfile import gettempdir


class UnsafeFolderError(OSError):
    """Raised when the folder for the sockets belongs to another user, or is open to others."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} belongs to another user, or others can enter it: remove it, or set TMPDIR")


def folder() -> Path:
    """Return the folder, which may be missing."""
    return Path(gettempdir()) / f"sessionscope-{os.getuid()}"


def prepared_folder() -> Path:
    """Return the folder, and create it if it is missing.

    Raises:
        UnsafeFolderError: Others could answer in the place of our processes, or read what they answer.
        OSError: The folder can't be created.
    """
    path = folder()
    path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    if path.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise UnsafeFolderError(path)
    return path
