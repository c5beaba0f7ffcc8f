"""The container and the application of a worker's tests, and the database of each test."""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pytest
from dependency_injector import providers
from starlette.testclient import TestClient

from containers.check import named_providers
from containers.loops import finish
from containers.shared import Shared
from tests.testkit.database import OwnDatabase
from tests.testkit.leaks import Watch, leftover_overrides, overrides_of
from tests.testkit.parking import Parking
from tests.testkit.serial import OneAtATime
from tests.testkit.template import Template
from tests.testkit.transaction import SharedConnection

MODES: Final = ("transaction", "database", "none")


class Kit:
    """What the tests of one worker share, because it is expensive; no test changes it for another.

    Args:
        directory: Where the template goes.
        container: The service's container, on an SQLite database that nothing has used yet.
        make_app: Makes the application over the container.
    """

    def __init__(self, directory: Path, container: Any, make_app: Callable[[Any], Any]) -> None:
        self._directory = directory
        self._make_app = make_app
        self._kept: dict[tuple[str, str], SharedConnection | OwnDatabase] = {}
        self._open = ExitStack()
        self._parking: Parking | None = None
        self._shared = [each for _, each in named_providers(container) if isinstance(each, Shared)]
        self.container = container
        self.watch = Watch()

    @cached_property
    def template(self) -> Template:
        """The migrated database that the tests' databases are copies of."""
        return Template(self._directory)

    @cached_property
    def asgi(self) -> OneAtATime:
        """The application over the container, as clients call it; made once, for its routes take longest."""
        app = self._make_app(self.container)
        self._parking = Parking(self.container)
        return OneAtATime(app)

    @cached_property
    def client(self) -> TestClient:
        """A sync client, whose thread and whose application's lifespan last as long as the worker."""
        return self._open.enter_context(TestClient(self.asgi, raise_server_exceptions=False))

    @contextmanager
    def isolated(self, mode: str) -> Generator[Any, None, None]:
        """Give the container with databases as *mode* says; take back whatever the test did to it."""
        with ExitStack() as undo:
            for name, database in self.databases():
                for provider, replacement in self._replacements(name, mode, undo).items():
                    undo.enter_context(getattr(database, provider).override(replacement))
            before = overrides_of(self.container)
            yield self.container
            leaks = leftover_overrides(self.container, before)
        for shared in self._shared:
            if shared.built is not None:
                finish(shared.close())
        if leaks:
            pytest.fail("\n".join(leaks), pytrace=False)

    def databases(self) -> list[tuple[str, Any]]:
        """Return each database of the container, by its dotted name."""
        nested: list[tuple[str, Any]] = [
            (name, provider)
            for name, provider in named_providers(self.container)
            if isinstance(provider, providers.Container)
        ]
        return [(name, provider) for name, provider in nested if hasattr(provider.container, "async_session_factory")]

    def wire(self) -> OneAtATime:
        """Let the application's endpoints have the container's objects; return the application."""
        asgi = self.asgi
        if self._parking is not None:
            self._parking.put_back()
        return asgi

    def unwire(self) -> None:
        """Leave the endpoints to the containers of tests that bring their own."""
        if self._parking is not None:
            self._parking.take_out()

    def close(self) -> None:
        """Close what was opened for all tests."""
        self.watch.stop()
        self._open.close()

    def _replacements(self, name: str, mode: str, undo: ExitStack) -> dict[str, Any]:
        if mode == "none":
            return {}
        if (name, mode) not in self._kept:
            kept = (
                SharedConnection(self.template.copy())
                if mode == "transaction"
                else OwnDatabase(self.template, self.watch)
            )
            self._open.callback(kept.close)
            self._kept[name, mode] = kept
        return undo.enter_context(self._kept[name, mode].fresh())
