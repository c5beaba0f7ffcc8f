"""Tells listeners what happens to connections and units of work, for metrics. Without listeners, nothing is done."""

from collections.abc import Callable
from typing import Final, Generic, NamedTuple, ParamSpec

from sqlalchemy import URL

from sessionscope.database.error_kinds import Failure

P = ParamSpec("P")


class PoolName(NamedTuple):
    """What to call a pool in metrics and reports.

    Attributes:
        database: The URL without user, password, driver and options, such as ``postgresql://db1/shop``.
        driver: The driver, such as ``asyncpg``.
    """

    database: str
    driver: str

    @classmethod
    def of(cls, url: URL, driver: str) -> "PoolName":
        """Return the name of a pool for *url*."""
        return cls(database_name(url), driver)

    def __str__(self) -> str:
        return f"{self.database} ({self.driver})"


def database_name(url: URL) -> str:
    """Return *url* without anything secret, and without what its drivers do differently."""
    bare = URL.create(url.get_backend_name(), host=url.host, port=url.port, database=url.database)
    return bare.render_as_string()


class Signal(Generic[P]):
    """Calls its listeners, in the order in which they were added. They must be quick, and must not raise."""

    __slots__ = ("_listeners",)

    def __init__(self) -> None:
        self._listeners: tuple[Callable[P, object], ...] = ()

    def add(self, listener: Callable[P, object]) -> None:
        """Call *listener* from now on. If it was added before, do nothing."""
        if listener not in self._listeners:
            self._listeners += (listener,)

    def remove(self, listener: Callable[P, object]) -> None:
        """Stop calling *listener*."""
        self._listeners = tuple(each for each in self._listeners if each != listener)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Tell the listeners."""
        for listener in self._listeners:
            listener(*args, **kwargs)


# The pool, and for how many seconds the connection was waited for.
connection_acquired: Final[Signal[[PoolName, float]]] = Signal()
# The pool, and for how many seconds its user waited at a gate in front of it.
admitted: Final[Signal[[PoolName, float]]] = Signal()
# The pool, and for how many seconds the connection was held.
connection_released: Final[Signal[[PoolName, float]]] = Signal()
# The pool, and the text of what has held a connection or a session for longer than `database.long_hold`.
held_long: Final[Signal[[PoolName, str]]] = Signal()
# The name of the database, and the failure that was the cause.
unit_committed: Final[Signal[[str]]] = Signal()
unit_retried: Final[Signal[[str, Failure]]] = Signal()
unit_given_up: Final[Signal[[str, Failure]]] = Signal()
