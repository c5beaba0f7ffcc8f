"""An admission gate: at most as many scopes use sync sessions at a time as the pool has connections.

A plain ``def`` endpoint waits for its connection in one of the server's threads. An endpoint that has finished needs
such a thread for its response, while it still holds its connection. If waiting endpoints took all threads, no request
could finish. So requests wait in the event loop, before they take a thread.
"""

import asyncio
from weakref import WeakKeyDictionary

from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sessionscope.database.checkouts import Checkouts
from sessionscope.lifetimes.scopes import Scope
from sessionscope.settings import DatabaseSettings


class AdmissionGate:
    """Admits as many scopes as the pool has connections, or all scopes if the pool has no limit."""

    def __init__(self, settings: DatabaseSettings) -> None:
        is_limited = settings.pool_class == "queue" and settings.max_overflow >= 0
        self._count = settings.pool_size + settings.max_overflow if is_limited else None
        self._patience_seconds = settings.pool_timeout
        self._checkouts = Checkouts()
        # Tests and commands use several loops, one after the other.
        self._free: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    async def admit(self, scope: Scope) -> None:
        """Wait until *scope* may use sync sessions. A scope waits only once, and is then admitted until it ends.

        Raises:
            sqlalchemy.exc.TimeoutError: No place was free within the time that the pool waits for a connection.
        """
        if self._count is None or scope.holds(self):
            return
        free = self._free.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._count))
        try:
            async with asyncio.timeout(self._patience_seconds):
                await free.acquire()
        except TimeoutError:
            self._checkouts.report(self._patience_seconds)
            raise PoolTimeoutError(f"no connection was free within {self._patience_seconds} s") from None
        scope.keep(self, _Admission(self._checkouts, free))


class _Admission:
    """A scope's place, given back when the scope ends."""

    def __init__(self, checkouts: Checkouts, free: asyncio.Semaphore) -> None:
        self._checkouts = checkouts
        self._free = free
        checkouts.add(self)

    def close(self) -> None:
        self._checkouts.remove(self)
        self._free.release()
