"""Connection pools that record who holds each connection. The async pool serves waiters first come, first served."""

import asyncio
from collections import deque
from typing import Any, TypeVar

from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import AsyncAdaptedQueuePool, QueuePool
from sqlalchemy.pool.base import _ConnectionRecord  # pyright: ignore[reportPrivateUsage] - pools make it
from sqlalchemy.util import await_only
from sqlalchemy.util.queue import Empty, Full, QueueCommon

from sessionscope.database.checkouts import Checkouts

T = TypeVar("T")


class FairQueue(QueueCommon[T]):
    """A pool's idle connections, and a queue of tasks that wait for one.

    A connection that is given back goes to the waiter that has waited longest. SQLAlchemy's own queue gives it to
    the next task that asks, often a new one, and the waiter that was woken for it goes back to the end. Under load,
    a few tasks then wait for seconds. It also closes connections of the overflow although tasks wait for them.

    Attributes:
        waiting: The waiters, all of one event loop.
    """

    def __init__(self, maxsize: int = 0, use_lifo: bool = False) -> None:
        self.maxsize = maxsize
        self.use_lifo = use_lifo
        self.waiting: deque[asyncio.Future[T]] = deque()
        self._idle: deque[T] = deque()

    def empty(self) -> bool:
        """Tell whether no connection is idle."""
        return not self._idle

    def full(self) -> bool:
        """Tell whether the greatest number of idle connections is reached."""
        return 0 < self.maxsize <= len(self._idle)

    def qsize(self) -> int:
        """Return the number of idle connections."""
        return len(self._idle)

    def put_nowait(self, item: T) -> None:
        """Give *item* to the first waiter, or keep it if there is none.

        Raises:
            Full: There is no waiter, and the greatest number of idle connections is reached.
        """
        if not self.waiting and self.full():
            raise Full
        self._hand_on(item)

    def put(self, item: T, block: bool = True, timeout: float | None = None) -> None:  # noqa: ARG002
        """Do as `put_nowait` does: a pool doesn't wait for room."""
        self.put_nowait(item)

    def get_nowait(self) -> T:
        """Return an idle connection.

        Raises:
            Empty: No connection is idle.
        """
        if not self._idle:
            raise Empty
        return self._idle.pop() if self.use_lifo else self._idle.popleft()

    def get(self, block: bool = True, timeout: float | None = None) -> T:
        """Return a connection; those who wait already come first.

        Raises:
            Empty: No connection became free within *timeout* seconds.
        """
        if not block or self._idle:
            return self.get_nowait()
        return await_only(self._wait(timeout))

    async def _wait(self, patience_seconds: float | None) -> T:
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.waiting.append(waiter)
        try:
            await asyncio.wait([waiter], timeout=patience_seconds)
        except BaseException:
            if waiter.done():
                # There may be one idle connection too many now, until it is used again.
                self._hand_on(waiter.result())
            else:
                self.waiting.remove(waiter)
            raise
        if not waiter.done():
            self.waiting.remove(waiter)
            raise Empty
        return waiter.result()

    def _hand_on(self, item: T) -> None:
        if self.waiting:
            self.waiting.popleft().set_result(item)
        else:
            self._idle.append(item)


class _Watched:
    """The part of a pool that records who holds its connections."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.checkouts = Checkouts()
        self._is_disposed = False

    def dispose(self) -> None:
        """Close the idle connections now, and each of the others when it is given back.

        SQLAlchemy would put the others back into this pool, and never use or close them.
        """
        # Set this first, so that a connection that comes back meanwhile is closed too.
        self._is_disposed = True
        super().dispose()  # type: ignore[misc]

    def _do_get(self) -> Any:
        pool: Any = super()
        try:
            record = pool._do_get()  # noqa: SLF001 - pools override it
        except PoolTimeoutError:
            self.checkouts.report(self._timeout)  # type: ignore[attr-defined]
            raise
        self.checkouts.add(record)
        return record

    def _do_return_conn(self, record: Any) -> None:
        pool: Any = super()
        self.checkouts.remove(record)
        pool._do_return_conn(record)  # noqa: SLF001 - as above
        if self._is_disposed:
            pool.dispose()


class WatchedPool(_Watched, QueuePool):
    """SQLAlchemy's usual pool, which also logs who holds its connections if a waiter gets none in time."""

    # SQLAlchemy names the pool's logger after this. Under our own name it would log each step at a visible level.
    __module__ = QueuePool.__module__


class AsyncWatchedPool(_Watched, AsyncAdaptedQueuePool):
    """The async twin of `WatchedPool`, with a fair queue: if one waiter can't connect, the next one tries."""

    __module__ = AsyncAdaptedQueuePool.__module__
    _queue_class: type[QueueCommon[Any]] = FairQueue

    def _create_connection(self) -> Any:
        # Connect at the checkout, as after a lost connection: if that fails, the record is given back.
        return _ConnectionRecord(self, connect=False)

    def _do_return_conn(self, record: Any) -> None:
        queue: Any = self._pool
        if record.dbapi_connection is not None or queue.waiting:
            super()._do_return_conn(record)
        else:
            # If it were kept, it would be taken before records that have a connection.
            self.checkouts.remove(record)
            self._dec_overflow()
