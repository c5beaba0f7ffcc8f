"""Finds the parts of a service for its commands."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Final

from sessionscope.cli.reporting import reported, reported_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionscope.settings import DatabaseSettings, ServiceSettings


# As in `sessionscope.lifetimes.nesting`, which takes long to import.
MAIN: Final = "database"


@dataclass(slots=True, kw_only=True)
class Service:
    """The parts of a service, each named as ``module:name``. A command imports only the parts that it needs.

    Attributes:
        settings: The settings class.
        container: The container class, which has the providers `settings` and `database`.
        create_app: The function that makes the application for a container.
        app: The application that HTTP servers import.
        project: The folder of the ``pyproject.toml`` that configures Alembic. If None, it is searched for.
        worker: The `sessionscope.worker.Worker`, if the service has one.
        database: The name of the database that the current command is for.
    """

    settings: str
    container: str
    create_app: str
    app: str
    project: Path | None = None
    worker: str | None = None
    database: str = MAIN

    def read_settings(self) -> "ServiceSettings":
        """Read the settings from their sources.

        Raises:
            ConfigurationError: The settings are invalid.
        """
        read: Callable[[], ServiceSettings] = resolve_name(self.settings)
        return read()

    def read_database_settings(self) -> "DatabaseSettings":
        """Read the settings of the command's database, without connecting to it.

        Raises:
            ConfigurationError: The settings are invalid.
            UnknownDatabaseError: The container has no such database.
        """
        section: DatabaseSettings
        if self.database == MAIN:
            settings: Any = self.read_settings()
            section = settings.database
        else:
            # Only the container knows which settings another database has.
            section = self.database_in(self.build_container()).settings()
        return section

    def build_container(self) -> Any:
        """Return a new container."""
        return resolve_name(self.container)()

    def find_worker(self) -> Any:
        """Return the worker of the service."""
        return resolve_name(self.worker or "")

    def build_app(self, container: Any) -> Any:
        """Return a new application for *container*."""
        return resolve_name(self.create_app)(container)

    @contextmanager
    def opened(self, *, must_exist: bool = True) -> Generator[Any, None, None]:
        """Yield a new container, and close it when the block ends. Report errors in the settings and the database.

        Args:
            must_exist: Whether a missing SQLite file of the command's database is an error. Otherwise it is created.

        Raises:
            typer.Exit: An error was reported.
        """
        import asyncio

        with reported():
            from sessionscope.lifetimes.lifespan import close_container
            from sessionscope.migrations.databases import migrated_databases, migrated_names

            container = self.build_container()
            for each in migrated_databases(container, migrated_names(self.project)).values():
                each.location().must_exist = True
            database = self.database_in(container)
            database.location().must_exist = must_exist
            try:
                with reported_at(database.settings().url, self.upgrade_command):
                    yield container
            finally:
                asyncio.run(close_container(container))

    @property
    def upgrade_command(self) -> str:
        """The command that migrates the command's database, for hints."""
        return "db upgrade" if self.database == MAIN else f"db --database {self.database} upgrade"

    def database_in(self, container: Any) -> Any:
        """Return the container of the command's database.

        Raises:
            UnknownDatabaseError: *container* has no such database.
        """
        from sessionscope.migrations.databases import select_database

        return select_database(container, self.database)
