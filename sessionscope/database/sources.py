"""Where reads go: the replicas where there are any, and the primary for a scope that has written."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from sessionscope.database.options import AUTOCOMMIT

T = TypeVar("T")


class Writes:
    """Whether a scope has written. From then on its reads go to the primary, because replicas lag behind."""

    __slots__ = ("happened",)

    def __init__(self) -> None:
        self.happened = False


class Source:
    """A database to read from, each statement on its own.

    Attributes:
        engine: The engine; of an async one, the sync engine inside.
        view: The engine, with the same pool, as sessions want it.
    """

    __slots__ = ("_options", "engine", "view")

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._options = _alone(engine)
        self.view = engine.execution_options(**self._options)

    def connect(self) -> Connection:
        """Return a connection; options on it cost less than those on the view, whose events run each time."""
        return self.engine.connect().execution_options(**self._options)


class Sources:
    """The primary and, where the settings name some, its replicas."""

    __slots__ = ("primary", "usual")

    def __init__(self, primary: Engine, replicas: Engine | None) -> None:
        self.primary = Source(primary)
        self.usual = Source(replicas) if replicas is not None else self.primary

    def after(self, writes: Writes) -> Source:
        """Return where a scope reads after *writes*."""
        return self.primary if writes.happened else self.usual


def visit(connect: Callable[[], AbstractContextManager[Connection]], work: Callable[[Connection], T]) -> T:
    """Return what *work* reads from a connection, which is given back at once."""
    with connect() as connection:
        return work(connection)


def _alone(engine: Engine) -> dict[str, Any]:
    if engine.dialect.name == "postgresql":
        return {"isolation_level": "AUTOCOMMIT"}
    # Their connections never begin by themselves: leaving out our BEGIN is all there is to do.
    return {AUTOCOMMIT: True}
