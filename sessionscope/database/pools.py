"""Connection pools that record who holds each connection. The async pool serves waiters first come, first served."""

import asyncio
from typing import Any

from sqlalchemy import PoolProxiedConnection
from sqlalchemy.pool import AsyncAdaptedQueuePool, QueuePool
from sqlalchemy.util import greenlet_spawn

from sessionscope._compat.sqlalchemy import await_in_greenlet
from sessionscope.database.gated_pool import Gate, GatedPool
from sessionscope.database.gates import LoopGate, LoopGates, Place, ThreadGate
from sessionscope.database.reachability import Reachability


class WatchedPool(GatedPool):
    """A pool for threads."""

    # SQLAlchemy names the pool's logger after this. Under our own name it would log each step at a visible level.
    __module__ = QueuePool.__module__

    def set_sizes(self, pool_size: int, max_overflow: int) -> None:
        """Make a gate for threads."""
        super().set_sizes(pool_size, max_overflow)
        self._gate = ThreadGate(pool_size, max_overflow)

    @property
    def waiters(self) -> int:
        """The number of threads that wait for a connection, and of tasks that wait in front of the pool."""
        return self._gate.waiters + super().waiters

    def _pass_gate(self, patience_seconds: float) -> tuple[Gate, Place]:
        return self._gate, self._gate.enter(patience_seconds)


class AsyncWatchedPool(GatedPool, AsyncAdaptedQueuePool):
    """A pool for tasks, first come, first served."""

    __module__ = AsyncAdaptedQueuePool.__module__
    _reachability: Reachability
    _closing: asyncio.Future[None] | None = None

    def _connecting(self, creator: Any) -> Reachability:
        # A pool that is made from this one, such as its other half, shares what is known of the server.
        is_shared = isinstance(creator, Reachability)
        self._reachability = creator if is_shared else Reachability(creator, self._patience_seconds)
        return self._reachability

    def connect(self) -> PoolProxiedConnection:
        """Do as `GatedPool.connect` does, and find out whether the server is silent if that takes long.

        Raises:
            sqlalchemy.exc.OperationalError: The server is silent.
            sqlalchemy.exc.TimeoutError: No connection was free in time.
        """
        watch = self._reachability.watch()
        try:
            return super().connect()
        finally:
            if watch is not None:
                watch.cancel()

    def heard(self) -> None:
        """Take note that the server answers."""
        self._reachability.hear()

    def set_sizes(self, pool_size: int, max_overflow: int) -> None:
        """Make a gate for each event loop."""
        super().set_sizes(pool_size, max_overflow)
        self._gates = LoopGates(pool_size, max_overflow)

    @property
    def waiters(self) -> int:
        """The number of tasks that wait for a connection, in the pool and in front of it."""
        return self._gates.waiters + super().waiters

    def doubt(self, line: LoopGate, since: float) -> None:
        """Do as `Reachability.doubt` does, for a gate before this pool's own."""
        self._reachability.doubt(line, since)

    def _pass_gate(self, patience_seconds: float) -> tuple[Gate, Place]:
        gate = self._gates.here()
        place = gate.enter_at_once()
        if place is None:
            place = await_in_greenlet(gate.wait(patience_seconds, self._reachability.doubt))
        return gate, place

    def _close_idle(self, half: "GatedPool") -> None:
        # In a task, because no request should wait for it.
        if self._closing is None or self._closing.done():
            self._closing = asyncio.ensure_future(greenlet_spawn(super()._close_idle, half))

    def dispose(self) -> None:
        """Do as `WatchedPool.dispose` does, in SQLAlchemy's greenlet."""
        self._reachability.end()
        super().dispose()
        closing = self._closing
        if closing is not None and not closing.done() and closing.get_loop() is asyncio.get_running_loop():
            await_in_greenlet(asyncio.wait([closing]))
