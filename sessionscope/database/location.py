"""Where a container's database is: one place for its sync and its async engine."""

import os
import shutil
from pathlib import Path
from tempfile import mkdtemp
from weakref import WeakSet, finalize

from sqlalchemy import URL, Engine

from sessionscope.settings import DatabaseSettings


class DatabaseLocation:
    """A database's URL, and the directory that it lives in where it is a private one.

    ``sqlite:///:memory:`` is one database per connection, so no two engines, threads or
    requests would see the same rows; SQLite's shared cache makes them fail with 'table is
    locked' instead of waiting. A private file has neither fault. It is removed with this object.

    Attributes:
        url: As written, or that of the private file.
        private: True where nobody else can see the database and it ends with this object.
        engines: The engines that were built to lead here; of an async one, the sync engine inside.
        must_exist: True where an SQLite file is only opened. The first connection creates one that is missing, and
            sets this; set it before, and there has to be one.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        url = settings.url.get_secret_value()
        self.private = _is_memory(url)
        self.must_exist = False
        self.url = self._private_file(url) if self.private else url
        self.engines: WeakSet[Engine] = WeakSet()

    def _private_file(self, url: URL) -> URL:
        directory = Path(mkdtemp(prefix="app-database-"))
        finalize(self, _remove, directory, os.getpid())
        return url.set(database=str(directory / "memory.db"), query={})


def _is_memory(url: URL) -> bool:
    if url.get_backend_name() != "sqlite":
        return False
    return url.database in (None, "", ":memory:") or ":memory:" in url.database or url.query.get("mode") == "memory"


def _remove(directory: Path, owner: int) -> None:
    # A forked child runs the same finalizers: the database is still its parent's.
    if os.getpid() == owner:
        shutil.rmtree(directory, ignore_errors=True)
