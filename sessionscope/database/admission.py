"""Gates before a pool, which keep some of its users from taking all connections, or all threads.

The first is for scopes with sync sessions. A plain ``def`` endpoint waits for its connection in one of the server's
threads. An endpoint that has finished needs such a thread for its response, while it still holds its connection. If
waiting endpoints took all threads, no request could finish. So requests wait in the event loop, before they take a
thread.

The second is for units of work that write. They wait for each other's locks while they hold connections. If those that
wait for one row took all connections, no request could even read. So a share of the pool is left to reads.
"""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import Pool

from sessionscope.database.backends import backend_of
from sessionscope.database.checkouts import Checkout, Checkouts
from sessionscope.database.gates import Doubt, LoopGate, LoopGates, Place
from sessionscope.database.pools import AsyncWatchedPool
from sessionscope.database.recorded_pool import RecordedPool
from sessionscope.database.signals import admitted
from sessionscope.lifetimes.scopes import Scope
from sessionscope.settings import DatabaseSettings

T = TypeVar("T")


class AdmissionGate:
    """Admits as many scopes as the pool has connections, or all scopes if the pool has no limit."""

    def __init__(self, engine: Engine, settings: DatabaseSettings) -> None:
        self._is_limited = settings.pool_class == "queue" and settings.max_overflow >= 0
        limit = settings.pool_size + max(0, settings.max_overflow)
        self._admissions = _Admissions(engine.pool, limit, settings.pool_timeout)

    async def admit(self, scope: Scope) -> None:
        """Wait until *scope* may use sync sessions. A scope waits only once, and is then admitted until it ends.

        Raises:
            sqlalchemy.exc.TimeoutError: No place was free within the time that the pool waits for a connection.
        """
        if self._is_limited and not scope.holds(self):
            scope.keep(self, await self._admissions.enter())


class WriteGate:
    """Admits as many units of work that write as leave their share of the pool's connections to reads.

    Args:
        pool: The pool of the units.
        reserved: How many connections they leave.
        patience_seconds: The longest wait.
    """

    def __init__(self, pool: AsyncWatchedPool, reserved: int, patience_seconds: float) -> None:
        limit = pool.size() + pool.max_overflow - reserved
        self._admissions = _Admissions(pool, limit, patience_seconds, pool.doubt)

    async def run(self, unit: Callable[[], Awaitable[T]]) -> T:
        """Run *unit* when it is admitted.

        Raises:
            sqlalchemy.exc.TimeoutError: Others were writing all the time.
            sqlalchemy.exc.OperationalError: The server is silent.
        """
        admission = await self._admissions.enter()
        try:
            return await unit()
        finally:
            admission.close()


def build_write_gate(engine: AsyncEngine, settings: DatabaseSettings) -> WriteGate | None:
    """Return the gate for units of work that write on *engine*, or None if its pool is too small or has no limit.

    SQLite needs none, because reads in visits have threads of their own there.
    """
    pool = engine.sync_engine.pool
    if not isinstance(pool, AsyncWatchedPool) or pool.max_overflow < 0 or backend_of(engine.dialect.name).is_embedded:
        return None
    reserved = int((pool.size() + pool.max_overflow) * settings.read_share)
    return WriteGate(pool, reserved, settings.pool_timeout) if reserved else None


class _Admissions:
    """The gate itself, which counts those that wait for connections of *pool*."""

    def __init__(self, pool: Pool, limit: int, patience_seconds: float, doubt: Doubt | None = None) -> None:
        self._pool = pool
        self._patience_seconds = patience_seconds
        self._doubt = doubt
        self._checkouts = Checkouts()
        self._gates = LoopGates(limit)
        if isinstance(pool, RecordedPool):
            pool.queues.add(self)

    @property
    def waiters(self) -> int:
        """The number of tasks that wait."""
        return self._gates.waiters

    async def enter(self) -> "_Admission":
        began = time.monotonic()
        gate = self._gates.here()
        place = gate.enter_at_once()
        if place is None:
            place = await self._wait(gate)
        admission = _Admission(self._checkouts, gate, place)
        if isinstance(self._pool, RecordedPool):
            admitted(self._pool.name, admission.since - began)
        return admission

    async def _wait(self, gate: LoopGate) -> Place:
        try:
            return await gate.wait(self._patience_seconds, self._doubt)
        except PoolTimeoutError:
            self._checkouts.report(self._patience_seconds)
            raise


class _Admission(Checkout):
    """A place, which `close` gives back."""

    __slots__ = ("_checkouts", "_gate", "_place")

    def __init__(self, checkouts: Checkouts, gate: LoopGate, place: Place) -> None:
        super().__init__()
        self._checkouts = checkouts
        self._gate = gate
        self._place = place
        checkouts.add(self)

    def close(self) -> None:
        self._checkouts.remove(self)
        self._gate.leave(self._place)
