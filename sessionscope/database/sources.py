"""The databases that reads go to: replicas if there are any, and the primary after a write of the scope."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from sqlalchemy import Connection, Engine

from sessionscope.database.backends import backend_of

T = TypeVar("T")


class Writes:
    """Whether a scope has written. If so, its reads go to the primary, because replicas lag behind."""

    __slots__ = ("happened",)

    def __init__(self) -> None:
        self.happened = False


class Source:
    """A database to read from, each statement in autocommit.

    Attributes:
        engine: The engine; for an async engine, the sync engine inside.
        view: An engine with the same pool, and with autocommit for sessions.
    """

    __slots__ = ("_options", "engine", "view")

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._options = backend_of(engine.dialect.name).autocommit
        self.view = engine.execution_options(**self._options)

    def connect(self) -> Connection:
        """Return a connection in autocommit.

        The options are set on the connection, because the view's would run its events each time.
        """
        return self.engine.connect().execution_options(**self._options)


class Sources:
    """The primary and, if the settings name some, its replicas."""

    __slots__ = ("primary", "usual")

    def __init__(self, primary: Engine, replicas: Engine | None) -> None:
        self.primary = Source(primary)
        self.usual = Source(replicas) if replicas is not None else self.primary

    def after(self, writes: Writes) -> Source:
        """Return the source from which a scope with these *writes* reads."""
        return self.primary if writes.happened else self.usual


def visit(connect: Callable[[], AbstractContextManager[Connection]], work: Callable[[Connection], T]) -> T:
    """Call *work* with a connection and return its result; the connection goes back to the pool at once."""
    with connect() as connection:
        return work(connection)
