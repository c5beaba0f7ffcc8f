"""Finds what a test leaves open, and reports where it was opened."""

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from dependency_injector import containers, providers
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

from sessionscope.code_lines import CodeLine, code_line
from sessionscope.lifetimes.loops import finish
from sessionscope.lifetimes.names import named_providers
from sessionscope.lifetimes.scopes import scope_variable
from sessionscope.lifetimes.shared import Shared


class Watch:
    """Records which sessions, connections and engines are open, and where each was opened."""

    def __init__(self) -> None:
        self._sessions: WeakKeyDictionary[Session, CodeLine] = WeakKeyDictionary()
        self._connections: dict[Any, CodeLine] = {}
        # Keyed by the pool, which several engines may share, such as one that reads in autocommit.
        self._engines: WeakKeyDictionary[Pool, tuple[Engine, CodeLine]] = WeakKeyDictionary()
        self._known: WeakSet[Pool] = WeakSet()
        self._in_test = False
        self._listeners: list[tuple[Any, str, Any]] = [
            (Session, "after_begin", self._session_began),
            (Session, "after_transaction_end", self._session_ended),
            (Pool, "checkout", self._checked_out),
            (Pool, "checkin", self._checked_in),
            (Engine, "engine_connect", self._connected),
        ]
        for listener in self._listeners:
            event.listen(*listener)

    def stop(self) -> None:
        """Stop watching."""
        for listener in self._listeners:
            event.remove(*listener)

    def keep(self, *engines: Engine) -> None:
        """Ignore *engines*, which are kept for all tests."""
        self._known.update(engine.pool for engine in engines)

    def test_begins(self) -> None:
        """Forget what was opened before the test, because fixtures with a wider scope may keep it open."""
        self._sessions.clear()
        self._connections.clear()
        self._engines.clear()
        self._in_test = True

    def leaks(self, container: containers.Container) -> list[str]:
        """Return a line for each object that the test left open, and close those that can be closed.

        Args:
            container: The kit's container. The kit disposes of its engines itself.
        """
        self._in_test = False
        return [
            *self._open_sessions(),
            *self._open_connections(),
            *self._open_engines(container),
            *_scopes(),
        ]

    def _open_sessions(self) -> Iterator[str]:
        for session, line in list(self._sessions.items()):
            if session.in_transaction():
                yield f"a session is still in the transaction that it began at {line}: close it, or commit"

    def _open_connections(self) -> Iterator[str]:
        for line in self._connections.values():
            yield f"a connection is still checked out of its pool, since {line}: close what uses it"
        self._connections.clear()

    def _open_engines(self, container: containers.Container) -> Iterator[str]:
        if not self._engines:
            return
        # The kit disposes of these itself.
        built: list[Any] = [each.built for each in container.traverse(types=[Shared])]
        own = [each.pool for each in built if hasattr(each, "pool")]
        for pool, (engine, line) in list(self._engines.items()):
            idle = getattr(pool, "checkedin", None)
            if pool in own or idle is None or idle() == 0:
                continue
            url = engine.url.render_as_string(hide_password=True)
            yield f"the engine of {url}, first used at {line}, was not disposed of: call its dispose()"
            if engine.dialect.is_async:
                finish(AsyncEngine(engine).dispose())
            else:
                engine.dispose()

    def _session_began(self, session: Session, *_: Any) -> None:
        if self._in_test:
            self._sessions[session] = code_line()

    def _session_ended(self, session: Session, transaction: Any) -> None:
        if transaction.parent is None:
            self._sessions.pop(session, None)

    def _checked_out(self, _connection: Any, record: Any, _proxy: Any) -> None:
        if self._in_test:
            self._connections[record] = code_line()

    def _checked_in(self, _connection: Any, record: Any) -> None:
        self._connections.pop(record, None)

    def _connected(self, connection: Any) -> None:
        engine: Engine = connection.engine
        if engine.pool not in self._known:
            self._known.add(engine.pool)
            if self._in_test:
                self._engines[engine.pool] = (engine, code_line())


def overrides_of(container: containers.Container) -> dict[str, tuple[Any, ...]]:
    """Return the overrides of each provider of *container*, by its dotted name."""
    return {name: provider.overridden for name, provider in named_providers(container)}


def leftover_overrides(container: containers.Container, before: dict[str, tuple[Any, ...]]) -> list[str]:
    """Undo the overrides that were added since *before*, and return a line for each."""
    leaks: list[str] = []
    for name, provider in named_providers(container):
        # dependency-injector's object for a nested container reports the overrides of its parts.
        if isinstance(provider, providers.Container):
            continue
        while len(provider.overridden) > len(before[name]):
            leaks.append(f"{name} is still overridden: use the `override` fixture, or `with provider.override(...)`")
            provider.reset_last_overriding()
    return leaks


def _scopes() -> Iterator[str]:
    entered = scope_variable.get()
    if entered is not None:
        yield "a scope was entered and not left: use `with scope():`"
        # Otherwise the scope itself would warn when it is collected, in some later test.
        entered.leave()
        scope_variable.set(None)
