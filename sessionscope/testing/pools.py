"""A connection of an async driver belongs to the event loop that opened it, so each loop has a pool of its own."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy.util import await_only, greenlet_spawn

from sessionscope.database.pools import AsyncWatchedPool

_PATIENCE_SECONDS: Final = 10
# Options that the pools of all loops share.
_OF_THE_WHOLE: Final = ("_dispatch", "dialect", "events")


class PoolPerLoop(AsyncWatchedPool):
    """A separate pool for each event loop, of the class that services use.

    The loops of a test, its client and its server can use one engine without sharing connections. Idle connections
    are closed just before their loop ends.
    """

    def __init__(self, creator: Any, **options: Any) -> None:
        super().__init__(creator, **options)
        self._options = {name: value for name, value in options.items() if name not in _OF_THE_WHOLE}
        self._pools: WeakKeyDictionary[Any, AsyncWatchedPool] = WeakKeyDictionary()
        # Pools whose loop ended while a connection was checked out.
        self._leaking: list[AsyncWatchedPool] = []

    def checkedin(self) -> int:
        """Return how many connections are idle, in all loops."""
        return sum(pool.checkedin() for pool in self._pools.values())

    def checkedout(self) -> int:
        """Return how many connections are in use, in all loops."""
        return sum(pool.checkedout() for pool in (*self._pools.values(), *self._leaking))

    def dispose(self) -> None:
        """Close the idle connections of every running loop. Those of other loops are closed when the loop ends."""
        here = asyncio.get_running_loop()
        for loop, pool in list(self._pools.items()):
            if loop is here:
                _close_idle(pool)
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(greenlet_spawn(_close_idle, pool), loop).result(_PATIENCE_SECONDS)

    def _do_get(self) -> Any:
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            pool = AsyncWatchedPool(self._creator, **self._options, _dispatch=self.dispatch, dialect=self._dialect)
            self._pools[loop] = pool
            # When a loop ends, it closes the async generators that it has started.
            end = self._end(loop, pool)
            _ends.setdefault(loop, []).append(end)
            await_only(anext(end))
        return self._pools[loop]._do_get()

    async def _end(self, loop: Any, pool: AsyncWatchedPool) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            del self._pools[loop]
            await greenlet_spawn(_close_idle, pool)
            if pool.checkedout():
                self._leaking.append(pool)


# Keeps a pool alive while its loop still has connections, as after an engine's dispose().
_ends: WeakKeyDictionary[Any, list[AsyncGenerator[None, None]]] = WeakKeyDictionary()


def _close_idle(pool: AsyncWatchedPool) -> None:
    while pool.checkedin():
        pool._pool.get(block=False).close()
        pool._dec_overflow()
