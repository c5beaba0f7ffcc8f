"""The pools of connections: in the async one who has waited longest is next, and both know who holds what they gave."""

import asyncio
from collections import deque
from typing import Any, TypeVar

from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import AsyncAdaptedQueuePool, QueuePool
from sqlalchemy.pool.base import _ConnectionRecord  # pyright: ignore[reportPrivateUsage] - made by kinds of pool
from sqlalchemy.util import await_only
from sqlalchemy.util.queue import Empty, Full, QueueCommon

from sessionscope.database.holders import Holders

T = TypeVar("T")


class FairQueue(QueueCommon[T]):
    """A pool's idle connections, and a line of tasks that wait for one.

    What is given back goes to the first in line. From SQLAlchemy's own queue it goes to who asks first, often
    somebody who has just come, and who was woken for it goes to the end: under load a few wait for seconds.
    And what of the overflow comes back together is closed there, though others wait for it.

    Attributes:
        waiting: Those in line, of one event loop.
    """

    def __init__(self, maxsize: int = 0, use_lifo: bool = False) -> None:
        self.maxsize = maxsize
        self.use_lifo = use_lifo
        self.waiting: deque[asyncio.Future[T]] = deque()
        self._idle: deque[T] = deque()

    def empty(self) -> bool:
        """Tell whether none is idle."""
        return not self._idle

    def full(self) -> bool:
        """Tell whether as many are idle as may be."""
        return 0 < self.maxsize <= len(self._idle)

    def qsize(self) -> int:
        """Return how many are idle."""
        return len(self._idle)

    def put_nowait(self, item: T) -> None:
        """Give *item* to the first in line, or keep it.

        Raises:
            Full: Nobody waits, and enough are idle.
        """
        if not self.waiting and self.full():
            raise Full
        self._hand_on(item)

    def put(self, item: T, block: bool = True, timeout: float | None = None) -> None:  # noqa: ARG002
        """Do as `put_nowait`: a pool doesn't wait for room."""
        self.put_nowait(item)

    def get_nowait(self) -> T:
        """Return one that is idle.

        Raises:
            Empty: None is.
        """
        if not self._idle:
            raise Empty
        return self._idle.pop() if self.use_lifo else self._idle.popleft()

    def get(self, block: bool = True, timeout: float | None = None) -> T:
        """Return one, after those who wait already.

        Raises:
            Empty: There was none within *timeout* seconds.
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
                # One more may be idle now than usual, until it is used again.
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
    """The part of a pool that knows who holds its connections."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.holders = Holders()
        self._is_disposed = False

    def dispose(self) -> None:
        """Close the idle connections now, and each of the others when it is given back.

        SQLAlchemy would put those back into this pool, from which nothing takes them any more.
        """
        # Set first: a connection that comes back meanwhile is closed here or there.
        self._is_disposed = True
        super().dispose()  # type: ignore[misc]

    def _do_get(self) -> Any:
        pool: Any = super()
        try:
            record = pool._do_get()  # noqa: SLF001 - what a kind of pool is made of
        except PoolTimeoutError:
            self.holders.report(self._timeout)  # type: ignore[attr-defined]
            raise
        self.holders.add(record)
        return record

    def _do_return_conn(self, record: Any) -> None:
        pool: Any = super()
        self.holders.remove(record)
        pool._do_return_conn(record)  # noqa: SLF001 - as above
        if self._is_disposed:
            pool.dispose()


class WatchedPool(_Watched, QueuePool):
    """The usual pool, which logs who holds its connections when somebody waited for one in vain."""

    # SQLAlchemy names a pool's log after this, and tells each step of a pool at a level that our own logs show.
    __module__ = QueuePool.__module__


class AsyncWatchedPool(_Watched, AsyncAdaptedQueuePool):
    """The async twin of `WatchedPool`, with a line of those who wait: where one can't connect, the next one tries."""

    __module__ = AsyncAdaptedQueuePool.__module__
    _queue_class: type[QueueCommon[Any]] = FairQueue

    def _create_connection(self) -> Any:
        # Connected where it is taken, as a record is whose connection was lost: if that fails, it is given back.
        return _ConnectionRecord(self, connect=False)

    def _do_return_conn(self, record: Any) -> None:
        queue: Any = self._pool
        if record.dbapi_connection is not None or queue.waiting:
            super()._do_return_conn(record)
        else:
            # Idle, it would be taken before those that are connected.
            self.holders.remove(record)
            self._dec_overflow()
