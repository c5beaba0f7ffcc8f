"""Reading from SQLite in a thread, one hop for a whole visit.

aiosqlite sends each call of the driver to a thread and waits for it: five hops for a SELECT, each of which costs
more than the SELECT. A visit is a plain function, so all of it can go to a thread, on the sync engine.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, Final, TypeVar
from weakref import WeakSet

from sqlalchemy import Connection
from sqlalchemy.orm import sessionmaker

from app.database.session import ReadSession, source_of, visit

T = TypeVar("T")

# Enough for some slow queries beside the fast ones. More of them only contend for Python's lock.
THREADS: Final = 4


class ReadingThreads:
    """A few threads for visits to an SQLite database; none for any other.

    Args:
        factory: The sync read sessions', which says where to read.
    """

    def __init__(self, factory: sessionmaker[ReadSession]) -> None:
        self._source: Any = source_of(factory)
        self.start()
        _all.add(self)

    def start(self) -> None:
        """Get ready, also in a forked child, where the threads of its parent are not."""
        is_local = self._source is not None and self._source.is_local
        self._executor = ThreadPoolExecutor(THREADS, "reading") if is_local else None

    @property
    def are_there(self) -> bool:
        """Whether this is an SQLite database."""
        return self._executor is not None

    async def visit(self, work: Callable[[Connection], T]) -> T:
        """Return what *work* reads; who is cancelled doesn't wait for it, for the connection is the thread's own."""
        context = copy_context()
        done = partial(visit, self._source.connect, work)
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: context.run(done))

    def dispose(self) -> None:
        """End the threads when they have nothing more to do."""
        if self._executor is not None:
            self._executor.shutdown(wait=False)


_all: WeakSet[ReadingThreads] = WeakSet()


def _start_again() -> None:
    for threads in list(_all):
        threads.start()


os.register_at_fork(after_in_child=_start_again)
