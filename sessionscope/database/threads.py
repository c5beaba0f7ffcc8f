"""Reading from SQLite in a thread, one hop for a whole visit.

aiosqlite sends each call of the driver to a thread and waits for it: five hops for a SELECT, each of which costs
more than the SELECT. A visit is a plain function, so all of it can go to a thread, on the sync engine. That is
done where both engines were built for the same database, and only there: the async engine says where to read.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Final, TypeVar
from weakref import WeakSet

from sqlalchemy import Connection, Engine

from sessionscope.database.location import DatabaseLocation
from sessionscope.database.sources import Source, visit

T = TypeVar("T")

# Enough for some slow queries beside the fast ones. More of them only contend for Python's lock.
THREADS: Final = 4


class ReadingThreads:
    """A few threads for visits to an SQLite database.

    Args:
        engine: The sync engine, on which the visits take place.
        location: Knows which engines lead to the same database.
    """

    def __init__(self, engine: Engine, location: DatabaseLocation) -> None:
        self._source = Source(engine)
        self._location = location
        self.start()
        _all.add(self)

    def start(self) -> None:
        """Get ready, also in a forked child, where the threads of its parent are not."""
        self._executor = ThreadPoolExecutor(THREADS, "reading")

    def lead_to(self, source: Source) -> bool:
        """Tell whether a visit here reads what *source* does: both engines were built for one SQLite database.

        An override of either engine was not, unless it was built for the same location.
        """
        engines = self._location.engines
        return source.engine in engines and self._source.engine in engines

    async def visit(self, work: Callable[[Connection], T]) -> T:
        """Return what *work* reads; a cancelled task doesn't wait for it, as the connection is the thread's own."""
        context = copy_context()
        done = partial(visit, self._source.connect, work)
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: context.run(done))

    async def dispose(self) -> None:
        """End the threads, when those that still work for a cancelled task have finished.

        Each of them has a connection, or is about to take one from an engine that is closed next.
        """
        await asyncio.to_thread(self._executor.shutdown)


_all: WeakSet[ReadingThreads] = WeakSet()


def _start_again() -> None:
    for threads in list(_all):
        threads.start()


os.register_at_fork(after_in_child=_start_again)
