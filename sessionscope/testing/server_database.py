"""A migrated database on a server, which is restored before each test."""

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, NullPool, StaticPool
from sqlalchemy.exc import SQLAlchemyError

from sessionscope.database.engine import build_engine
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.mariadb import MariaDB
from sessionscope.testing.postgresql import PostgreSQL
from sessionscope.testing.state import Template
from sessionscope.testing.targets import Target

_BACKENDS: Final[dict[str, Any]] = {"postgresql": PostgreSQL(), "mysql": MariaDB(), "mariadb": MariaDB()}


class ServerDatabase:
    """A database of one worker. It is created when it is first needed, and dropped at the end.

    Between tests, only the tables that were used are emptied, which takes a few milliseconds. If a test has changed
    the schema, the database is recreated.

    Args:
        server: The URL of another database on the server, for a user who may create databases.
        name: The name of the new database.
        migrate: Applies the migrations to the database at a URL, or None for a database without tables.
    """

    def __init__(self, server: URL, name: str, *, migrate: Callable[[URL], None] | None) -> None:
        self._server = server
        self._name = name
        self._migrate = migrate
        self._backend = _BACKENDS[server.get_backend_name()]
        self._url = server.set(database=name)
        self._engine = self._connecting(self._url, StaticPool)
        self._template: Template | None = None
        self._is_touched = True
        self._is_trusted = True
        self._has_counted = False
        self._times_made = 0

    def url_for(self, target: Target) -> URL:
        """Return the URL of the database with the drivers of *target*."""
        return target.server.set(database=self._name)

    def touch(self) -> None:
        """Record that the database may differ from the template."""
        self._is_touched = True

    def count(self) -> None:
        """Record that ids were given out, which a rollback doesn't undo."""
        self._has_counted = True

    def distrust(self) -> None:
        """Record that something was left open, which may hold locks. The database will be recreated."""
        self._is_touched, self._is_trusted = True, False

    def restore(self, *, ids: bool = True) -> int:
        """Restore the database to the state after the migrations.

        Return how often the database was created. If this number has changed, older connections are lost.

        Args:
            ids: False if the next ids don't matter.
        """
        if not self._is_touched and not (ids and self._has_counted):
            return self._times_made
        self._is_touched = self._has_counted = False
        if self._template is not None and self._is_trusted:
            with suppress(SQLAlchemyError), self._connected() as connection:
                found = self._backend.look(connection, self._template)
                if found.schema == self._template.state.schema:
                    self._backend.take_back(connection, self._template, found)
                    return self._times_made
        self._make()
        return self._times_made

    def drop(self) -> None:
        """Drop the database, if it was ever created."""
        self._engine.dispose()
        if self._template is not None:
            with self._on_server() as connection:
                self._backend.drop(connection, self._name)

    def _make(self) -> None:
        self._times_made += 1
        self._engine.dispose()
        with self._on_server() as connection:
            self._backend.create(connection, self._name)
        if self._migrate is not None:
            self._migrate(self._url)
        with self._connected() as connection:
            self._template = Template(connection, self._backend)
        self._is_trusted = True

    @contextmanager
    def _connected(self) -> Generator[Connection, None, None]:
        with self._engine.connect() as connection:
            self._backend.be_impatient(connection)
            yield connection

    @contextmanager
    def _on_server(self) -> Generator[Connection, None, None]:
        engine = self._connecting(self._server, NullPool)
        with engine.connect() as connection:
            yield connection

    @staticmethod
    def _connecting(url: URL, poolclass: Any) -> Engine:
        engine = build_engine(settings_of(url), poolclass=poolclass)
        return engine.execution_options(isolation_level="AUTOCOMMIT")


def settings_of(url: URL) -> DatabaseSettings:
    """Return the settings of a service whose database is at *url*."""
    return DatabaseSettings(url=url.render_as_string(hide_password=False))
