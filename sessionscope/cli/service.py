"""Where a command finds the parts of the service that it is for."""

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
    """The parts of a service, each named as ``module:name`` and imported by the command that needs it.

    Attributes:
        settings: The class of the settings.
        container: The class of the container, which has the providers `settings` and `database`.
        create_app: The function that makes the application of a container.
        app: The application as HTTP servers find it.
    """

    settings: str
    container: str
    create_app: str
    app: str

    def read_settings(self) -> "ServiceSettings":
        """Return the settings, read from their sources.

        Raises:
            ConfigurationError: They are not good.
        """
        read: Callable[[], ServiceSettings] = resolve_name(self.settings)
        return read()

    def build_container(self) -> Any:
        """Return a new container."""
        return resolve_name(self.container)()

    def build_app(self, container: Any) -> Any:
        """Return a new application over *container*."""
        return resolve_name(self.create_app)(container)

    @contextmanager
    def opened(self, *, must_exist: bool = True) -> Generator[Any, None, None]:
        """Give a new container, and close it when the block ends; report errors of the settings and of the database.

        Args:
            must_exist: Whether a missing SQLite file is an error; it is created otherwise.

        Raises:
            typer.Exit: An error was reported.
        """
        import asyncio

        with reported():
            from sessionscope.lifetimes.lifespan import close_container

            container = self.build_container()
            database = database_in(container)
            database.location().must_exist = must_exist
            try:
                with reported_at(database.settings().url):
                    yield container
            finally:
                asyncio.run(close_container(container))


def database_in(container: Any) -> Any:
    """Return the database's container in *container*: its provider ``database``, or itself if it has none."""
    return getattr(container, "database", container)
