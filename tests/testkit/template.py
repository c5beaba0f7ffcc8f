"""The migrated database that every test's database is a copy of."""

import shutil
from pathlib import Path

from sqlalchemy import make_url

from app.database.location import DatabaseLocation
from app.database.migrations import upgrade
from config import DatabaseSettings

MEMORY = DatabaseSettings(url="sqlite:///:memory:")


class Template:
    """A SQLite file with every migration applied, made once per run and worker."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "template.db"
        upgrade(make_url(f"sqlite:///{self._file}"))

    def copy(self) -> DatabaseLocation:
        """Return a private database with the template's tables; it goes when nobody has it any more."""
        location = DatabaseLocation(MEMORY)
        shutil.copyfile(self._file, str(location.url.database))
        return location
