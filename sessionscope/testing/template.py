"""The migrated SQLite database that is copied for tests."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, make_url

from sessionscope.database.location import DatabaseLocation
from sessionscope.settings import DatabaseSettings

MEMORY = DatabaseSettings(url="sqlite:///:memory:")


class Template:
    """An SQLite file with all migrations applied. It is made once per run and worker.

    Args:
        file: The file, which does not exist yet.
        migrate: Applies the migrations to the database at a URL.
    """

    def __init__(self, file: Path, migrate: Callable[[URL], None]) -> None:
        self._file = file
        migrate(make_url(f"sqlite:///{file}"))

    def copy(self) -> DatabaseLocation:
        """Return a private copy of the template. It is deleted when nothing refers to it any more."""
        location = DatabaseLocation(MEMORY)
        self.copy_to(Path(str(location.url.database)))
        return location

    def copy_to(self, file: Path) -> Path:
        """Copy the template to *file*."""
        shutil.copyfile(self._file, file)
        return file

    def restore(self, location: DatabaseLocation) -> bool:
        """Restore the database at *location* to the state of the template. Open connections stay usable.

        Return False if one of them is in a transaction. Then the database is left unchanged.
        """
        with closing(sqlite3.connect(self._file)) as source, closing(_open(location)) as target:
            try:
                source.backup(target)
            except sqlite3.OperationalError:
                return False
        return True


def _open(location: DatabaseLocation) -> sqlite3.Connection:
    connection = sqlite3.connect(str(location.url.database), timeout=0)
    connection.execute("PRAGMA synchronous = OFF")
    return connection
