"""Database mode: each test has its own database, and its sessions work as in production."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.pool import Pool

from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.database.location import DatabaseLocation
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.leaks import Watch
from sessionscope.testing.loops import run
from sessionscope.testing.pools import PoolPerLoop
from sessionscope.testing.server_database import ServerDatabase
from sessionscope.testing.template import MEMORY, Template


class Place(Protocol):
    """The place of a test's database."""

    @property
    def settings(self) -> DatabaseSettings:
        """The settings that the engines are built from."""
        ...

    @property
    def location(self) -> DatabaseLocation:
        """The location where the engines find the database."""
        ...

    @property
    def async_pool(self) -> type[Pool] | None:
        """The pool class of the async engine, or None for the default."""
        ...

    def restore(self) -> bool:
        """Restore the database to the state of the template. Return whether connections to it are still usable."""
        ...


class OnSQLite:
    """A private file. The driver's threads serve any event loop."""

    settings = MEMORY
    async_pool = None

    def __init__(self, template: Template) -> None:
        self._template = template
        self._copy()

    def restore(self) -> bool:
        """Restore the database. The previous test may have changed or deleted the file."""
        if self._is_whole() and self._template.restore(self.location):
            return True
        self._copy()
        return False

    def _copy(self) -> None:
        self.location = self._template.copy()
        self._inode = self._file.stat().st_ino

    @property
    def _file(self) -> Path:
        return Path(str(self.location.url.database))

    def _is_whole(self) -> bool:
        return self._file.exists() and self._file.stat().st_ino == self._inode


class OnServer:
    """A database on a server."""

    async_pool = PoolPerLoop

    def __init__(self, database: ServerDatabase, settings: DatabaseSettings) -> None:
        self._database = database
        self.settings = settings
        self.location = DatabaseLocation(settings)
        self._made = 0

    def restore(self) -> bool:
        """Restore the database."""
        before, self._made = self._made, self._database.restore()
        self._database.touch()
        return before == self._made


class OwnDatabase:
    """A pair of engines, built as in the service, on a database that is restored before each test.

    The engines are kept, because filling their statement caches again would cost each test more than its rows do.
    Their connections are kept too, except those that are tied to the event loop of a test.
    """

    def __init__(self, place: Place, watch: Watch) -> None:
        self._place = place
        self._watch = watch
        self._open()

    @contextmanager
    def fresh(self) -> Generator[dict[str, Any], None, None]:
        """Restore the database, and yield the overrides for a `DatabaseContainer` by the provider's name."""
        if not self._place.restore():
            self.close()
            self._open()
        yield {"location": self._place.location, "engine": self._engine, "async_engine": self._async_engine}
        # Any other pool may belong to the event loop of the test.
        if not isinstance(self._async_engine.pool, PoolPerLoop):
            run(self._async_engine.dispose())
            self._watch.keep(self._async_engine.sync_engine)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()
        run(self._async_engine.dispose())

    def _open(self) -> None:
        place = self._place
        self._engine = build_engine(place.settings, place.location)
        self._async_engine = build_async_engine(place.settings, place.location, poolclass=place.async_pool)
        self._watch.keep(self._engine, self._async_engine.sync_engine)
