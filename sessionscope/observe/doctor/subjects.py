"""What the doctor examines."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessionscope.lifetimes.nesting import databases_in
from sessionscope.settings import DatabaseSettings, ServiceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminedService:
    """A service, as far as it could be built.

    Attributes:
        settings: Its settings.
        container: Its container.
        app: Its application, or None if it could not be built.
        project: The folder of the ``pyproject.toml`` that configures Alembic. If None, it is searched for.
    """

    settings: ServiceSettings
    container: Any
    app: Any = None
    project: Path | None = None

    @property
    def workers(self) -> int:
        """The number of server processes."""
        return int(getattr(getattr(self.settings, "server", None), "workers", 1))

    def databases(self) -> Iterator["ExaminedDatabase"]:
        """Yield each database of the container."""
        for name, container in databases_in(self.container).items():
            yield ExaminedDatabase(name, container, container.settings(), self)


@dataclass(frozen=True, slots=True)
class ExaminedDatabase:
    """A database of a service.

    Attributes:
        name: Its name in the service's container.
        container: Its own container.
        settings: Its settings.
        service: The service.
    """

    name: str
    container: Any
    settings: DatabaseSettings
    service: ExaminedService

    @property
    def command(self) -> str:
        """The group of commands for this database."""
        return "db" if self.name == "database" else f"db --database {self.name}"
