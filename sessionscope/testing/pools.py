"""A connection of an async driver belongs to the event loop that opened it, so each loop has a pool of its own."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from sessionscope._compat.sqlalchemy import await_in_greenlet
from sessionscope.database.pools import AsyncWatchedPool

_PATIENCE_SECONDS: Final = 10


class PoolPerLoop(AsyncWatchedPool):
    """A separate pool for each event loop, of the class that services use.

    The loops of a test, its client and its server can use one engine without sharing connections. Idle connections
    are closed just before their loop ends.
    """

    def __init__(self, creator: Any, *sizes: Any, **options: Any) -> None:
        super().__init__(creator, *sizes, **options)
        self._pools: WeakKeyDictionary[Any, AsyncWatchedPool] = WeakKeyDictionary()
        # Pools whose loop ended while a connection was checked out.
        self._leaking: list[AsyncWatchedPool] = []

    def checkedin(self) -> int:
        """Return how many connections are idle, in all loops."""
        return sum(AsyncWatchedPool.checkedin(pool) for pool in self._pools.values())

    def checkedout(self) -> int:
        """Return how many connections are in use, in all loops."""
        return sum(len(pool.checkouts) for pool in (*self._pools.values(), *self._leaking))

    def dispose(self) -> None:
        """Close the idle connections of every running loop. Those of other loops are closed when the loop ends."""
        if not self._pools:
            # This is the pool of one loop, or its overflow.
            super().dispose()
            return
        here = asyncio.get_running_loop()
        for loop, pool in list(self._pools.items()):
            if loop is here:
                pool.dispose()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(_dispose(pool), loop).result(_PATIENCE_SECONDS)

    def connect(self) -> PoolProxiedConnection:
        """Return a connection from the pool of this loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            pool = self.recreate()
            self._pools[loop] = pool
            # When a loop ends, it closes the async generators that it has started.
            end = self._end(loop, pool)
            _ends.setdefault(loop, []).append(end)
            await_in_greenlet(anext(end))
        return AsyncWatchedPool.connect(self._pools[loop])

    async def _end(self, loop: Any, pool: AsyncWatchedPool) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            del self._pools[loop]
            await _dispose(pool)
            if pool.checkouts:
                self._leaking.append(pool)


# Keeps a pool alive while its loop still has connections, as after an engine's dispose().
_ends: WeakKeyDictionary[Any, list[AsyncGenerator[None, None]]] = WeakKeyDictionary()


async def _dispose(pool: AsyncWatchedPool) -> None:
    await greenlet_spawn(pool.dispose)
