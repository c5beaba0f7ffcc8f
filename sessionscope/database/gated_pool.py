"""What the pools of `sessionscope.database.pools` share: SQLAlchemy's own pool behind a gate.

It uses documented methods and events only, as docs/adr/0009 explains.
"""

import time
from threading import Lock
from typing import Any, Final, Protocol, Self, cast
from weakref import WeakSet

from sqlalchemy import PoolProxiedConnection
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry, Pool, QueuePool

from sessionscope.database.checkouts import Checkouts
from sessionscope.database.gates import Place
from sessionscope.database.recorded_pool import ConnectionCheckout, RecordedPool

# The overflow is closed when no request has needed it for this long. Closed at once, its connections would be opened
# again and again while the load goes up and down.
OVERFLOW_IDLE_SECONDS: Final = 30.0


class Gate(Protocol):
    """A gate for threads or for tasks."""

    def leave(self, place: Place) -> None:
        """Let the next one in."""
        ...


class _Checkout(ConnectionCheckout):
    """The use of one connection, which comes from *source*: one of the halves of *pool*."""

    __slots__ = ("_gate", "_place", "_source")

    pool: "GatedPool"

    def __init__(self, pool: "GatedPool", began: float, source: "GatedPool", gate: Gate | None, place: Place) -> None:
        super().__init__(pool, began)
        self._source = source
        self._gate = gate
        self._place = place

    def checked_in(self, connection: object, entry: ConnectionPoolEntry) -> None:
        """Close the connection if its half of the pool is disposed of, and let the next one in."""
        try:
            if self._source.is_disposed:
                entry.close()
            elif connection is not None:
                self.pool.heard()
        finally:
            self.end()

    def end(self) -> None:
        """Record that the connection is not in use any more, and let the next one in."""
        super().end()
        if self._gate is not None:
            self._gate.leave(self._place)


class GatedPool(RecordedPool, QueuePool):
    """A pool behind a gate. Its overflow is a second pool, its other half, so that it can be closed by itself.

    Each half has room for all connections; the gate limits how many of each are in use. A pool whose
    overflow is unlimited has no gate, and opens and closes connections as SQLAlchemy's own pool does.

    Attributes:
        checkouts: The connections in use, of both halves.
        max_overflow: How many connections may be open beyond `size`; -1 means no limit.
        is_disposed: Whether connections are closed when they are given back.
    """

    def __init__(
        self, creator: Any, pool_size: int = 5, max_overflow: int = 10, timeout: float = 30.0, **options: Any
    ) -> None:
        self._is_limited = pool_size > 0 and max_overflow >= 0
        room = (pool_size + max_overflow, 0) if self._is_limited else (pool_size, max_overflow)
        self._patience_seconds = timeout
        super().__init__(self._connecting(creator), *room, timeout, **options)
        self.checkouts = Checkouts()
        self.queues = WeakSet()
        self.is_disposed = False
        self._overflow_half: Self | None = None
        self._overflow_used = 0.0
        self._lock = Lock()
        self.set_sizes(pool_size, max_overflow)

    def _connecting(self, creator: Any) -> Any:
        return creator

    def heard(self) -> None:
        """Take note that a connection has come back, which works."""

    def set_sizes(self, pool_size: int, max_overflow: int) -> None:
        """Make the gate, which says how many connections are in use at a time."""
        self._size = pool_size
        self.max_overflow = max_overflow

    def connect(self) -> PoolProxiedConnection:
        """Return a connection.

        Raises:
            sqlalchemy.exc.TimeoutError: No connection was free in time. The log says which tasks hold them.
        """
        began = time.monotonic()
        gate, place = self._enter() if self._is_limited else (None, False)
        try:
            source = self._half(place)
            connection = Pool.connect(source)
        except BaseException:
            # The next waiter tries.
            if gate is not None:
                gate.leave(place)
            raise
        self.record(connection, _Checkout(self, began, source, gate, place))
        return connection

    def _enter(self) -> tuple[Gate, Place]:
        try:
            return self._pass_gate(self._patience_seconds)
        except PoolTimeoutError:
            self.checkouts.report(self._patience_seconds)
            raise

    def _pass_gate(self, patience_seconds: float) -> tuple[Gate, Place]:
        raise NotImplementedError

    def _half(self, place: Place) -> Self:
        now, half = time.monotonic(), self._overflow_half
        if place:
            self._overflow_used = now
            return half or self._make_overflow_half()
        if half is not None and now - self._overflow_used > OVERFLOW_IDLE_SECONDS and half.checkedin():
            self._close_idle(half)
        return self

    def _make_overflow_half(self) -> Self:
        with self._lock:
            half = self._overflow_half = self._overflow_half or self._recreate()
        return half

    def _close_idle(self, half: "GatedPool") -> None:
        QueuePool.dispose(half)

    def dispose(self) -> None:
        """Close the idle connections now, and each of the others when it is given back.

        SQLAlchemy would put the others back into this pool, and never use or close them.
        """
        # Set this first, so that a connection that comes back meanwhile is closed too.
        self.is_disposed = True
        super().dispose()
        if self._overflow_half is not None:
            self._overflow_half.dispose()

    def recreate(self) -> Self:
        """Return a new pool of the same sizes, with the same event listeners."""
        pool = self._recreate()
        pool.set_sizes(self._size, self.max_overflow)
        return pool

    def _recreate(self) -> Self:
        pool: Any = super().recreate()
        pool.describe(self.name, self.long_hold, self.queues)
        return cast("Self", pool)

    def size(self) -> int:
        """Return how many connections are kept open."""
        return self._size

    def checkedin(self) -> int:
        """Return how many connections are idle."""
        if self.is_disposed:
            return 0
        half = self._overflow_half
        return super().checkedin() + (half.checkedin() if half is not None else 0)

    def checkedout(self) -> int:
        """Return how many connections are in use."""
        return len(self.checkouts)

    def overflow(self) -> int:
        """Return how many connections are open beyond `size`."""
        return max(0, self.checkedin() + self.checkedout() - self.size())
