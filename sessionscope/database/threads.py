"""Read from SQLite in a thread, with one hop for a whole visit.

aiosqlite sends each call of the driver to a thread and waits for it. That is five hops for a SELECT, and each of them
costs more than the SELECT. A visit is a plain function, so the whole visit can run in a thread, on the sync engine.
The async engine determines where to read, so this is only done if both engines were built for the same database.
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

from sessionscope.code_lines import code_line, waiting_line
from sessionscope.database.location import DatabaseLocation
from sessionscope.database.sources import Source, visit

T = TypeVar("T")

# Enough for some slow queries beside the fast ones. More threads would only contend for Python's lock.
THREADS: Final = 4


class ReadingThreads:
    """A few threads for visits to an SQLite database.

    Args:
        engine: The sync engine that the visits use.
        location: Knows which engines lead to the same database.
    """

    def __init__(self, engine: Engine, location: DatabaseLocation) -> None:
        self._source = Source(engine)
        self._location = location
        self.start()
        _all.add(self)

    def start(self) -> None:
        """Create the executor; again in a forked child, which doesn't have its parent's threads."""
        self._executor = ThreadPoolExecutor(THREADS, "reading")

    def lead_to(self, source: Source) -> bool:
        """Tell whether a visit in a thread reads from the same database as *source*."""
        return self._location.has(source.engine, self._source.engine)

    async def visit(self, work: Callable[[Connection], T]) -> T:
        """Run *work* in a thread and return its result.

        A cancelled task doesn't wait for *work*, because the thread has its own connection.
        """
        context = copy_context()
        # The thread doesn't have the stack of this task, and a slow statement is reported with its line.
        context.run(waiting_line.set, code_line())
        done = partial(visit, self._source.connect, work)
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: context.run(done))

    async def dispose(self) -> None:
        """End the threads, and wait for those that still work for a cancelled task.

        Such a thread has a connection, or is about to take one from an engine that is closed next.
        """
        await asyncio.to_thread(self._executor.shutdown)


_all: WeakSet[ReadingThreads] = WeakSet()


def _start_again() -> None:
    for threads in list(_all):
        threads.start()


os.register_at_fork(after_in_child=_start_again)
