"""The container that the session dependencies use."""

from types import SimpleNamespace
from typing import Any

import pytest
from dependency_injector import containers, providers
from starlette.requests import HTTPConnection

from sessionscope.fastapi.sessions import database_of


class Database(containers.DeclarativeContainer):
    """A database's container."""

    engine = providers.Object("engine")


class Application(containers.DeclarativeContainer):
    """An application's container."""

    database = providers.Container(Database)


def connection_to(**state: Any) -> HTTPConnection:
    """Return a connection to an application with *state*."""
    return HTTPConnection({"type": "http", "app": SimpleNamespace(state=SimpleNamespace(**state))})


class TestDatabaseOf:
    def test_provider_called_database_is_taken(self) -> None:
        """An application's container has its database inside."""
        assert "engine" == database_of(connection_to(container=Application())).engine()

    def test_container_of_a_database_is_taken_itself(self) -> None:
        """A service may have nothing but a database's container."""
        container = Database()
        assert container is database_of(connection_to(container=container))

    def test_missing_container_is_an_error(self) -> None:
        """The error says where the container belongs."""
        with pytest.raises(RuntimeError, match=r"set `app.state.container`"):
            database_of(connection_to())
