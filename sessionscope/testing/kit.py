"""The container and the application that a worker's tests share, and the database of each test."""

import secrets
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import URL
from starlette.testclient import TestClient

from sessionscope.lifetimes.kinds import opens_asynchronously
from sessionscope.lifetimes.lifespan import close, close_container, open_container, to_close
from sessionscope.lifetimes.loops import finish
from sessionscope.lifetimes.nesting import MAIN, nested_databases
from sessionscope.lifetimes.shared import Shared
from sessionscope.migrations.databases import named_in
from sessionscope.migrations.running import upgrade
from sessionscope.testing.database import OnServer, OnSQLite, OwnDatabase
from sessionscope.testing.leaks import Watch, leftover_overrides, overrides_of
from sessionscope.testing.serial import OneAtATime
from sessionscope.testing.server_database import ServerDatabase, settings_of
from sessionscope.testing.server_transaction import SharedServerConnection
from sessionscope.testing.targets import Target
from sessionscope.testing.template import Template
from sessionscope.testing.transaction import SharedConnection

MODES: Final = ("transaction", "database", "none")


@dataclass(frozen=True)
class Service:
    """The service that the tests in a folder test.

    Attributes:
        make_container: Makes the service's container, with an unused SQLite database.
        make_app: Makes the application for the container.
        project: The folder whose ``pyproject.toml`` configures Alembic.
    """

    make_container: Callable[[], Any]
    make_app: Callable[[Any], Any]
    project: Path


class Kit:
    """The expensive objects that a worker's tests of one service share. No test changes them for another.

    Args:
        service: The service under test.
        directory: The directory for the template.
        watch: Watches what tests open.

    Attributes:
        takes_opening: Whether the container has objects that are opened asynchronously.
    """

    def __init__(self, service: Service, directory: Path, watch: Watch) -> None:
        self._service = service
        self._directory = directory
        self._kept: dict[tuple[str, str], SharedConnection | SharedServerConnection | OwnDatabase] = {}
        self._templates: dict[str, Template] = {}
        self._on_servers: dict[tuple[Any, ...], ServerDatabase] = {}
        self._target = Target()
        self._open = ExitStack()
        self._is_open = False
        self.container = service.make_container()
        self.watch = watch
        shared = self.container.traverse(types=[Shared])
        self.takes_opening = any(opens_asynchronously(each.provides) is not False for each in shared)

    @property
    def template(self) -> Template:
        """The migrated database that is copied for the tests."""
        return self._template(MAIN)

    @cached_property
    def asgi(self) -> OneAtATime:
        """The application for the container, as clients call it. It is made once, because building it is slow."""
        return OneAtATime(self._service.make_app(self.container))

    @cached_property
    def client(self) -> TestClient:
        """A sync client. Its thread and the application's lifespan last as long as the worker."""
        return self._open.enter_context(TestClient(self.asgi, raise_server_exceptions=False))

    @contextmanager
    def isolated(self, mode: str, target: Target = Target()) -> Generator[Any, None, None]:  # noqa: B008 - frozen
        """Yield the container with databases according to *mode* and *target*, then undo the test's changes to it."""
        self._turn_to(target)
        with ExitStack() as undo:
            for name, database in self.databases():
                for provider, replacement in self._replacements(name, mode, target, undo).items():
                    undo.enter_context(getattr(database, provider).override(replacement))
            before = overrides_of(self.container)
            yield self.container
            leaks = leftover_overrides(self.container, before)
        self._is_open = False
        for provider in to_close(self.container):
            finish(close(provider))
        if leaks:
            pytest.fail("\n".join(leaks), pytrace=False)

    async def open(self) -> bool:
        """Open the container's asynchronous objects. Return whether the caller has to close them."""
        if self._is_open or not self.takes_opening:
            return False
        await open_container(self.container)
        self._is_open = True
        return True

    async def close_what_is_open(self) -> None:
        """Close these objects. Call this in the event loop that opened them."""
        self._is_open = False
        await close_container(self.container)

    def databases(self) -> list[tuple[str, Any]]:
        """Return the databases of the container with their dotted names."""
        return list(nested_databases(self.container).items())

    def own_url(self, target: Target, *, migrated: bool = True) -> URL:
        """Return the URL of a database on the server of *target*, restored to its state before a test."""
        self._turn_to(target)
        database = self._on_server(target, "", migrated=migrated)
        database.restore()
        database.touch()
        return database.url_for(target)

    def distrust(self) -> None:
        """Recreate the databases on servers before the next test, because a test left something open in them."""
        for database in self._on_servers.values():
            database.distrust()

    def close(self) -> None:
        """Close what was opened for all tests."""
        self._open.close()
        self._close_kept()
        for database in self._on_servers.values():
            database.drop()

    def _turn_to(self, target: Target) -> None:
        if target != self._target:
            self._close_kept()
            self._target = target

    def _close_kept(self) -> None:
        while self._kept:
            self._kept.popitem()[1].close()

    def _replacements(self, name: str, mode: str, target: Target, undo: ExitStack) -> dict[str, Any]:
        if mode == "none":
            return {}
        if (name, mode) not in self._kept:
            self._kept[name, mode] = self._make(name, mode, target)
        return undo.enter_context(self._kept[name, mode].fresh())

    def _make(self, name: str, mode: str, target: Target) -> Any:
        if target.url is None:
            is_shared = mode == "transaction"
            template = self._template(name)
            return SharedConnection(template.copy()) if is_shared else OwnDatabase(OnSQLite(template), self.watch)
        database = self._on_server(target, name, migrated=True)
        settings = settings_of(database.url_for(target))
        if mode == "transaction":
            return SharedServerConnection(database, settings, self.watch)
        return OwnDatabase(OnServer(database, settings), self.watch)

    def _on_server(self, target: Target, name: str, *, migrated: bool) -> ServerDatabase:
        """Return this worker's database on a server. The targets of that server use it in turn."""
        server = target.server
        key = (server.get_backend_name(), server.host, server.port, name, migrated)
        if key not in self._on_servers:
            migrate = partial(self._migrate, self._whose(name)) if migrated else None
            self._on_servers[key] = ServerDatabase(server, f"app_test_{secrets.token_hex(5)}", migrate=migrate)
        return self._on_servers[key]

    def _template(self, name: str) -> Template:
        """Return the template for the database called *name*."""
        whose = self._whose(name)
        if whose not in self._templates:
            self._templates[whose] = Template(self._directory / f"{whose}.db", partial(self._migrate, whose))
        return self._templates[whose]

    def _whose(self, name: str) -> str:
        """Return whose migrations a database gets: its own, if it has any, or those of `database`."""
        return name if name in named_in(self._service.project) else MAIN

    def _migrate(self, whose: str, url: URL) -> None:
        upgrade(url, project=self._service.project, database=whose)


class Kits:
    """The kits of the services that a worker tests. Each is made when the service's first test begins.

    Args:
        make_directory: Makes an empty directory.
    """

    def __init__(self, make_directory: Callable[[], Path]) -> None:
        self._make_directory = make_directory
        self._kits: dict[Service, Kit] = {}
        self._watch = Watch()

    def of(self, service: Service) -> Kit:
        """Return the kit of *service*."""
        if service not in self._kits:
            self._kits[service] = Kit(service, self._make_directory(), self._watch)
        return self._kits[service]

    def close(self) -> None:
        """Close what was opened for all tests."""
        self._watch.stop()
        for kit in self._kits.values():
            kit.close()
