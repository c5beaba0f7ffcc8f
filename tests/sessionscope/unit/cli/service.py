"""The smallest service that has a command line."""

from types import SimpleNamespace

from dependency_injector import containers, providers
from fastapi import FastAPI

from sessionscope.lifetimes.shared import Shared
from sessionscope.settings import DatabaseSettings, LoggingSettings, ServerSettings, ServiceSettings


class Settings(ServiceSettings):
    """The settings of the service."""

    database: DatabaseSettings = DatabaseSettings()
    server: ServerSettings = ServerSettings()
    logging: LoggingSettings = LoggingSettings()


class Location(SimpleNamespace):
    """Stands in for a database's location."""


class Database(containers.DeclarativeContainer):
    """Stands in for a database's container."""

    settings = providers.Dependency(instance_of=DatabaseSettings)
    location = providers.Singleton(Location, private=False, must_exist=False)


class Resource:
    """What a container must close."""

    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        """Be closed."""
        self.is_closed = True


class Container(containers.DeclarativeContainer):
    """The container of the service."""

    settings = Shared[Settings](Settings)
    database = providers.Container(Database, settings=settings.provided.database)
    resource = Shared[Resource](Resource)


class DatabaseAlone(containers.DeclarativeContainer):
    """The container of a service that has nothing but a database."""

    settings = providers.Object(DatabaseSettings())
    location = providers.Singleton(Location, private=False, must_exist=False)


def create_app(container: Container | None = None) -> FastAPI:
    """Return an application without routes."""
    app = FastAPI()
    app.state.container = container or Container()
    return app
