"""The location of a container's database, which its sync and its async engine share."""

import os
import shutil
from pathlib import Path
from tempfile import mkdtemp
from weakref import WeakSet, finalize

from sqlalchemy import URL, Engine

from sessionscope.database.backends import backend_of
from sessionscope.settings import DatabaseSettings


class DatabaseLocation:
    """The URL of a database, and the directory of a private one.

    ``sqlite:///:memory:`` is a new database for each connection, so engines, threads and
    requests would not see each other's rows. With SQLite's shared cache they would fail with
    'table is locked' instead of waiting. So a private file takes its place, and is removed with this object.

    Attributes:
        url: The URL as written, or the URL of the private file.
        private: True if only this process can use the database, which is removed with this object.
        engines: The engines that were built for this location; for an async engine, the sync engine inside.
        must_exist: True if an SQLite file is only opened, and never created. The first connection may create the file,
            and sets this. To never create it, set this before.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        url = settings.url.get_secret_value()
        self.private = backend_of(url.get_backend_name()).is_in_memory(url)
        self.must_exist = False
        self.url = self._private_file(url) if self.private else url
        self.engines: WeakSet[Engine] = WeakSet()

    def has(self, *engines: Engine) -> bool:
        """Tell whether all *engines* were built for this location, which an override of one usually was not."""
        return all(engine in self.engines for engine in engines)

    def _private_file(self, url: URL) -> URL:
        directory = Path(mkdtemp(prefix="app-database-"))
        finalize(self, _remove, directory, os.getpid())
        return url.set(database=str(directory / "memory.db"), query={})


def _remove(directory: Path, owner: int) -> None:
    # A forked child runs the same finalizers, but the database belongs to its parent.
    if os.getpid() == owner:
        shutil.rmtree(directory, ignore_errors=True)
