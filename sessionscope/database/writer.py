"""Writes to SQLite in a line: one thread runs the units of work of a process, one after the other.

SQLite has one writer at a time. Units that meet at its lock wait by sleeping and trying again, in no order, and
aiosqlite holds the lock during the thread hops of each statement. A unit that is a plain function takes one hop here,
and waits for its turn without sleeping. Other processes still meet this one at the file's lock.
"""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from threading import get_ident
from typing import Final, TypeVar

from anyio import CancelScope
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.util import greenlet_spawn

from sessionscope.code_lines import code_line, waiting_line
from sessionscope.database.errors import DatabaseError, Failure

T = TypeVar("T")

# The share of its lock timeout that a unit may wait in the line without a shorter wait for the file's lock, because
# setting that costs three statements.
_UNNOTICED: Final = 0.1


class LineTimeoutError(DatabaseError, SQLAlchemyError):
    """Raised when a unit of work had no turn within its lock timeout. It has not begun."""

    failure = Failure.LOCK_TIMEOUT

    def __init__(self, seconds: float) -> None:
        super().__init__(f"other units of work were writing for {seconds:g} s, the lock timeout of this one")


class UnitCancelledError(DatabaseError):
    """Raised in the thread before the COMMIT of a unit whose task was cancelled. Nobody sees it."""

    def __init__(self) -> None:
        super().__init__("the task of this unit of work was cancelled")


class WaitingUnitError(DatabaseError):
    """Raised when a plain function, in a unit of work on SQLite, waits for something that is not the database."""

    def __init__(self) -> None:
        super().__init__("a unit of work that is a plain function can wait for nothing but the database")


class Turn:
    """The place of a unit of work in the line, and its time in the thread.

    Args:
        writer: The writer whose turn it is.
        patience_seconds: The longest wait, in the line and for the file's lock together.

    Attributes:
        writer: The same.
        thread: The thread's identifier; None while the unit is in the line.
        is_cancelled: Whether the unit's task was cancelled while it ran.
    """

    __slots__ = ("_end", "_patience_seconds", "is_cancelled", "thread", "writer")

    def __init__(self, writer: "Writer", patience_seconds: float) -> None:
        self.writer = writer
        self.thread: int | None = None
        self.is_cancelled = False
        self._patience_seconds = patience_seconds
        self._end = time.monotonic() + patience_seconds

    def begin(self) -> float | None:
        """Begin, in the thread; return the seconds that remain to wait for the file's lock, or None if nearly all.

        Raises:
            LineTimeoutError: No time remains.
        """
        self.thread = get_ident()
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise LineTimeoutError(self._patience_seconds)
        return remaining if remaining < (1 - _UNNOTICED) * self._patience_seconds else None

    def check(self) -> None:
        """Raise `UnitCancelledError` if the unit's task was cancelled."""
        if self.is_cancelled:
            raise UnitCancelledError


class Writer:
    """A thread that runs units of work on an SQLite database, first come, first served.

    Args:
        engine: The sync engine that the units use.
        replaced: The sync engine inside the async one, in whose place they use it.
        lock_timeout: The longest wait for a turn, in seconds, for a unit that doesn't have its own.

    Attributes:
        engine: The same.
        replaced: The same.
    """

    def __init__(self, engine: Engine, replaced: Engine, lock_timeout: float) -> None:
        self.engine = engine
        self.replaced = replaced
        self._lock_timeout = lock_timeout
        self._start()

    async def run(self, unit: Callable[[Turn], T], lock_timeout: float | None) -> T:
        """Run *unit* in the thread, with the task's context, when all units that came before it have ended.

        If the task is cancelled in the line, *unit* never runs. If the task is cancelled later, it waits for the
        thread, because it shares the session with it.

        Args:
            unit: Called with its turn. It can wait for nothing but the database.
            lock_timeout: The longest wait for the turn, in seconds; None for the setting's.

        Raises:
            LineTimeoutError: Its turn did not come in time.
            WaitingUnitError: *unit* waits for something else.
        """
        patience_seconds = lock_timeout or self._lock_timeout
        turn = Turn(self, patience_seconds)
        context = copy_context()
        # For the wait before the unit's own code: the thread doesn't have the stack of this task.
        context.run(waiting_line.set, code_line())
        work = self._thread().submit(context.run, _run, unit, turn)
        done = asyncio.wrap_future(work)
        # Once the work has begun, this does nothing.
        timer = asyncio.get_running_loop().call_later(patience_seconds, work.cancel)
        try:
            await asyncio.wait([done])
        except asyncio.CancelledError:
            if not work.cancel():
                turn.is_cancelled = True
                await _end_of(done)
            raise
        finally:
            timer.cancel()
        if work.cancelled():
            raise LineTimeoutError(patience_seconds)
        return done.result()

    @property
    def is_used(self) -> bool:
        """Whether there is a thread to end."""
        return self._is_used and self._process == os.getpid()

    async def dispose(self) -> None:
        """End the thread after the units that are in the line. A later unit starts another one."""
        executor = self._thread()
        self._start()
        await asyncio.to_thread(executor.shutdown)

    def _start(self) -> None:
        self._executor = ThreadPoolExecutor(1, "writing")
        self._process = os.getpid()
        self._is_used = False

    def _thread(self) -> ThreadPoolExecutor:
        if self._process != os.getpid():
            # A forked child doesn't have its parent's thread.
            self._start()
        self._is_used = True
        return self._executor


def _run(unit: Callable[[Turn], T], turn: Turn) -> T:
    """Run *unit* in SQLAlchemy's greenlet, so that it may call the async session too, which doesn't wait here."""
    running = greenlet_spawn(unit, turn)
    try:
        running.send(None)
        # It waits for an event loop, which this thread doesn't have.
        running.throw(WaitingUnitError())
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        running.close()
    raise WaitingUnitError


async def _end_of(done: asyncio.Future[T]) -> None:
    with CancelScope(shield=True):
        while not done.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([done])
    # An error that nobody asks for would be logged.
    done.exception()
