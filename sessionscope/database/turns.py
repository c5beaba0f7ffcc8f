"""No more requests on sync sessions at a time than there are connections.

A plain ``def`` endpoint waits for its connection in a thread of the server's pool, and the
reply of one that has finished needs such a thread while its connection is still held:
enough of the former, and nobody gets any further. So they wait outside of the pool.
"""

import asyncio
from weakref import WeakKeyDictionary

from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sessionscope.database.holders import Holders
from sessionscope.settings import DatabaseSettings


class Turns:
    """As many turns as the pool has connections; without a limit where the pool has none."""

    def __init__(self, settings: DatabaseSettings) -> None:
        is_limited = settings.pool_class == "queue" and settings.max_overflow >= 0
        self._count = settings.pool_size + settings.max_overflow if is_limited else None
        self._patience_seconds = settings.pool_timeout
        self.holders = Holders()
        # Tests and commands have several loops, one after the other.
        self._free: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    async def wait(self) -> asyncio.Semaphore | None:
        """Take a turn; return what gives it back, None where turns are unlimited.

        Raises:
            PoolTimeoutError: None was free within the time that the pool waits for a connection.
        """
        if self._count is None:
            return None
        free = self._free.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._count))
        try:
            async with asyncio.timeout(self._patience_seconds):
                await free.acquire()
        except TimeoutError:
            self.holders.report(self._patience_seconds)
            raise PoolTimeoutError(f"no connection was free within {self._patience_seconds} s") from None
        return free


class Turn:
    """A scope's turn, given back at the scope's end."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._free: asyncio.Semaphore | None = None

    async def wait(self) -> None:
        """Wait for the turn, unless the scope has it already; errors as `Turns.wait`."""
        if self._free is None:
            self._free = await self._turns.wait()
            self._turns.holders.add(self)

    def close(self) -> None:
        """Let the next one in."""
        if self._free is not None:
            free, self._free = self._free, None
            self._turns.holders.remove(self)
            free.release()
