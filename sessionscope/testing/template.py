"""The migrated database that every test's database is a copy of."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from sessionscope.database.location import DatabaseLocation
from sessionscope.migrations.running import upgrade
from sessionscope.settings import DatabaseSettings

MEMORY = DatabaseSettings(url="sqlite:///:memory:")


class Template:
    """A SQLite file with every migration applied, made once per run and worker.

    Args:
        directory: Where the file goes.
        project: The folder whose ``pyproject.toml`` configures Alembic.
    """

    def __init__(self, directory: Path, project: Path) -> None:
        self._file = directory / "template.db"
        upgrade(make_url(f"sqlite:///{self._file}"), project=project)

    def copy(self) -> DatabaseLocation:
        """Return a private database with the template's tables; it goes when nobody has it any more."""
        location = DatabaseLocation(MEMORY)
        self.copy_to(Path(str(location.url.database)))
        return location

    def copy_to(self, file: Path) -> Path:
        """Copy it to *file*."""
        shutil.copyfile(self._file, file)
        return file

    def restore(self, location: DatabaseLocation) -> bool:
        """Make the database at *location* the template's equal again, under connections that stay open.

        Returns False where one of them is in a transaction, which keeps the database as it is.
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
