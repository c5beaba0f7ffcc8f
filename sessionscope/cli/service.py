"""Finds the parts of a service for its commands."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from sessionscope.cli.reporting import reported, reported_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionscope.settings import ServiceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts of a service, each named as ``module:name``. A command imports only the parts that it needs.

    Attributes:
        settings: The settings class.
        container: The container class, which has the providers `settings` and `database`.
        create_app: The function that makes the application for a container.
        app: The application that HTTP servers import.
    """

    settings: str
    container: str
    create_app: str
    app: str

    def read_settings(self) -> "ServiceSettings":
        """Read the settings from their sources.

        Raises:
            ConfigurationError: The settings are invalid.
        """
        read: Callable[[], ServiceSettings] = resolve_name(self.settings)
        return read()

    def build_container(self) -> Any:
        """Return a new container."""
        return resolve_name(self.container)()

    def build_app(self, container: Any) -> Any:
        """Return a new application for *container*."""
        return resolve_name(self.create_app)(container)

    @contextmanager
    def opened(self, *, must_exist: bool = True) -> Generator[Any, None, None]:
        """Yield a new container, and close it when the block ends. Report errors in the settings and the database.

        Args:
            must_exist: Whether a missing SQLite file is an error. Otherwise it is created.

        Raises:
            typer.Exit: An error was reported.
        """
        import asyncio

        with reported():
            from sessionscope.lifetimes.lifespan import close_container
            from sessionscope.lifetimes.nesting import database_in

            container = self.build_container()
            database = database_in(container)
            database.location().must_exist = must_exist
            try:
                with reported_at(database.settings().url):
                    yield container
            finally:
                asyncio.run(close_container(container))
