"""Gates: as many tasks or threads pass at a time as there are places.

A place in front of a connection pool says which connection it is for: one that the pool keeps, or one of the
overflow. Places of the overflow are taken last.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final
from weakref import WeakKeyDictionary, ref

from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# True for a connection of the overflow.
Place = bool

# Called by a task that waits with its gate, and the time at which it began to wait, by the monotonic clock.
Doubt = Callable[["LoopGate", float], None]
# How often a task that waits calls its `doubt`.
SECONDS_BETWEEN_DOUBTS: Final = 0.25


class ThreadGate:
    """A gate for threads. The garbage collector may leave it in the middle of another thread's `enter`."""

    def __init__(self, kept: int, overflow: int = 0) -> None:
        self._free = _places(kept, overflow)
        # Unlike a semaphore, this queue is reentrant.
        self._permits = SimpleQueue[None]()
        for _ in range(kept + overflow):
            self._permits.put(None)
        self._waiting: list[None] = []

    @property
    def waiters(self) -> int:
        """The number of threads that wait."""
        return len(self._waiting)

    def enter(self, patience_seconds: float) -> Place:
        """Wait for a place and take it.

        Raises:
            sqlalchemy.exc.TimeoutError: No place was free in time.
        """
        try:
            self._permits.get_nowait()
        except Empty:
            self._wait(patience_seconds)
        return self._free.popleft()

    def _wait(self, patience_seconds: float) -> None:
        # Threads can add to a list and take from it without a lock.
        self._waiting.append(None)
        try:
            self._permits.get(timeout=patience_seconds)
        except Empty:
            raise _timeout(patience_seconds) from None
        finally:
            self._waiting.pop()

    def leave(self, place: Place) -> None:
        """Let the next thread in."""
        _put(self._free, place)
        self._permits.put(None)


class LoopGate:
    """A gate for the tasks of one event loop, first come, first served.

    SQLAlchemy's own queue gives a connection that comes back to the next task that asks, often a new one, and the
    waiter that was woken for it goes back to the end. Under load, a few tasks then wait for seconds.
    """

    def __init__(self, kept: int, overflow: int = 0) -> None:
        self._free = _places(kept, overflow)
        self._waiters = deque[asyncio.Future[Place]]()
        self._loop = ref(asyncio.get_running_loop())

    @property
    def waiters(self) -> int:
        """The number of tasks that wait."""
        return len(self._waiters)

    def enter_at_once(self) -> Place | None:
        """Take a place; return None if none is free. While tasks wait, none is."""
        return self._free.popleft() if self._free else None

    async def wait(self, patience_seconds: float, doubt: Doubt | None = None) -> Place:
        """Wait for a place and take it, after `enter_at_once` returned None.

        Args:
            patience_seconds: The longest wait.
            doubt: Called at once and then now and then, with this gate and the time at which the wait has begun.

        Raises:
            sqlalchemy.exc.TimeoutError: No place was free in time.
            Exception: The error that was given to `fail`.
        """
        waiter: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await self._wait(waiter, patience_seconds, doubt)
        except BaseException:
            if not waiter.done():
                self._waiters.remove(waiter)
            elif waiter.exception() is None:
                self._hand_on(waiter.result())
            raise
        if not waiter.done():
            self._waiters.remove(waiter)
            raise _timeout(patience_seconds)
        return waiter.result()

    async def _wait(
        self,
        waiter: asyncio.Future[Place],
        patience_seconds: float,
        doubt: Doubt | None,
    ) -> None:
        if doubt is None:
            await asyncio.wait([waiter], timeout=patience_seconds)
            return
        began = time.monotonic()
        end = began + patience_seconds
        while not waiter.done() and (remaining := end - time.monotonic()) > 0:
            doubt(self, began)
            await asyncio.wait([waiter], timeout=min(remaining, SECONDS_BETWEEN_DOUBTS))

    def fail(self, error: Callable[[], Exception]) -> None:
        """Raise an *error* of its own in each task that waits, if they are tasks of the running event loop."""
        if self._loop() is running_loop():
            while self._waiters:
                self._waiters.popleft().set_exception(error())

    def leave(self, place: Place) -> None:
        """Give *place* to the task that has waited longest. Any thread may call this, as the garbage collector does."""
        loop = self._loop()
        if loop is running_loop():
            self._hand_on(place)
        elif loop is not None:
            # In a loop that is closed, no task waits any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._hand_on, place)

    def _hand_on(self, place: Place) -> None:
        if self._waiters:
            self._waiters.popleft().set_result(place)
        else:
            _put(self._free, place)


class LoopGates:
    """A gate for each event loop: tests and commands use several loops, one after the other."""

    def __init__(self, kept: int, overflow: int = 0) -> None:
        self._sizes: Final = (kept, overflow)
        self._gates = WeakKeyDictionary[asyncio.AbstractEventLoop, LoopGate]()

    @property
    def waiters(self) -> int:
        """The number of tasks that wait, in all event loops."""
        return sum(gate.waiters for gate in list(self._gates.values()))

    def here(self) -> LoopGate:
        """Return the gate of the running event loop."""
        loop = asyncio.get_running_loop()
        gate = self._gates.get(loop)
        if gate is None:
            gate = self._gates[loop] = LoopGate(*self._sizes)
        return gate


def _places(kept: int, overflow: int) -> deque[Place]:
    return deque([False] * kept + [True] * overflow)


def _put(free: deque[Place], place: Place) -> None:
    if place:
        free.append(place)
    else:
        free.appendleft(place)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the running event loop, or None if there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _timeout(patience_seconds: float) -> PoolTimeoutError:
    return PoolTimeoutError(f"no connection was free within {patience_seconds} s", code="3o7r")
