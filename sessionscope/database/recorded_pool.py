"""What a pool records of each connection in use: who holds it, since when, and how long that took to get it.

It uses documented methods and events only, as docs/adr/0009 explains.
"""

import time
from typing import Any, Final, Protocol, Self, cast
from weakref import WeakSet

from sqlalchemy import NullPool, PoolProxiedConnection, event
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from sessionscope.database.checkouts import Checkout, Checkouts
from sessionscope.database.signals import PoolName, connection_released

# Key in the `record_info` of a pool entry whose connection is in use.
_IN_USE: Final = "sessionscope_in_use"


class Queue(Protocol):
    """A gate in front of a pool, where some of its users wait before they ask for a connection."""

    @property
    def waiters(self) -> int:
        """The number of those that wait."""
        ...


class ConnectionCheckout(Checkout):
    """The use of one connection of *pool*, which was asked for at *began*, by the monotonic clock."""

    __slots__ = ("pool", "waited")

    def __init__(self, pool: "RecordedPool", began: float) -> None:
        super().__init__()
        self.pool = pool
        self.waited = self.since - began

    def checked_in(self, connection: object, entry: ConnectionPoolEntry) -> None:  # noqa: ARG002 - for subclasses
        """Take note that *connection* comes back; it is None if it was lost."""
        self.end()

    def end(self) -> None:
        """Record that the connection is not in use any more."""
        self.pool.checkouts.remove(self)
        connection_released(self.pool.name, self.waited, self.seconds())


class RecordedPool(Pool):
    """Base class of pools that record their checkouts.

    Attributes:
        name: What to call the pool.
        long_hold: After how many seconds a connection counts as held for too long; 0 means never.
        checkouts: The connections in use.
        queues: The gates in front of this pool.
    """

    name: PoolName = PoolName("an unknown database", "an unknown driver")
    long_hold: float = 0
    checkouts: Checkouts
    queues: WeakSet[Queue]

    @property
    def waiters(self) -> int:
        """The number of tasks and threads that wait for a connection, in the pool and in front of it."""
        return sum(queue.waiters for queue in list(self.queues))

    def describe(self, name: PoolName, long_hold: float, queues: WeakSet[Queue]) -> None:
        """Set what the attributes of the same names say. Pools that are made from this one inherit it."""
        self.name = name
        self.long_hold = long_hold
        self.queues = queues

    def record(self, connection: PoolProxiedConnection, checkout: ConnectionCheckout) -> None:
        """Record that *connection* is in use from now on, as *checkout*."""
        _info(connection)[_IN_USE] = checkout
        self.checkouts.add(checkout)


class RecordedNullPool(RecordedPool, NullPool):
    """Opens a connection for each use, and records it."""

    # SQLAlchemy names the pool's logger after this.
    __module__ = NullPool.__module__

    def __init__(self, creator: Any, **options: Any) -> None:
        super().__init__(creator, **options)
        self.checkouts = Checkouts()
        self.queues = WeakSet()

    def connect(self) -> PoolProxiedConnection:
        """Return a new connection."""
        began = time.monotonic()
        connection = super().connect()
        self.record(connection, ConnectionCheckout(self, began))
        return connection

    def recreate(self) -> Self:
        """Return a new pool with the same name and event listeners."""
        pool: Any = super().recreate()
        pool.describe(self.name, self.long_hold, self.queues)
        return cast("Self", pool)


def _info(connection: Any) -> dict[str, Any]:
    info: dict[str, Any] = connection.record_info
    return info


@event.listens_for(RecordedPool, "checkin")
def _checked_in(connection: object, entry: ConnectionPoolEntry) -> None:
    checkout: ConnectionCheckout | None = _info(entry).pop(_IN_USE, None)
    # Without one, it could not be connected.
    if checkout is not None:
        checkout.checked_in(connection, entry)


@event.listens_for(RecordedPool, "detach")
def _detached(_: object, entry: ConnectionPoolEntry) -> None:
    checkout: ConnectionCheckout | None = _info(entry).pop(_IN_USE, None)
    if checkout is not None:
        checkout.end()
