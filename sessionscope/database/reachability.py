"""Opens the connections of a pool for tasks, so that a silent server keeps no request waiting for long.

A server is silent if its host is down or the network loses all packets: an attempt to connect ends only with its
timeout, and nothing comes back on open connections. The states of a server:

- **answering**: callers connect by themselves, a few at a time.
- **silent**, after an attempt that failed late: one attempt at a time is made, in a task of its own. All callers that
  need a new connection wait for it, and share its error. The state ends with an attempt that succeeds, or that is
  refused, because a refusal comes at once.

If all connections are in use and none comes back, nobody would notice the silence. So tasks that wait in the pool's
line begin such an attempt too, and get its error, unless a connection has come back meanwhile. While it is made, all
callers wait for it.
"""

import asyncio
import time
from collections.abc import Callable
from contextvars import Context
from typing import Any, Final
from weakref import WeakSet

from sqlalchemy.exc import OperationalError
from sqlalchemy.util import greenlet_spawn

from sessionscope._compat.sqlalchemy import await_in_greenlet
from sessionscope.database.gates import LoopGate, LoopGates, running_loop

# A server that refuses connections does so sooner, even if it is far away or busy.
SILENT_SECONDS: Final = 1.0
# A pool whose connections are all in use hears nothing for so long, and then wants to know.
DOUBT_SECONDS: Final = 0.5
# Otherwise all tasks would connect at the same time to a server that has just come back.
CONNECTS_AT_A_TIME: Final = 4


class Reachability:
    """The creator of an async engine's pools, which knows whether the server is silent.

    Args:
        connect: SQLAlchemy's creator, which returns a new connection of the driver.
        patience_seconds: The longest wait until fewer connections are being opened.

    Attributes:
        is_silent: Whether the server is silent, as far as new connections can tell.
    """

    def __init__(self, connect: Callable[[Any], Any], patience_seconds: float) -> None:
        self.is_silent = False
        self._connect = connect
        self._patience_seconds = patience_seconds
        self._heard = time.monotonic()
        self._attempt: asyncio.Task[Exception | None] | None = None
        self._connecting = LoopGates(CONNECTS_AT_A_TIME)
        self._lines = WeakSet[LoopGate]()

    # The parameter's name and default tell SQLAlchemy that this takes the pool's record.
    def __call__(self, connection_record: Any = None) -> Any:
        """Return a new connection of the driver, in SQLAlchemy's greenlet.

        Raises:
            sqlalchemy.exc.OperationalError: The server is silent, as the attempt of another task has found.
        """
        if self.is_silent or self._running() is not None:
            await_in_greenlet(self._join())
        gate = self._connecting.here()
        place = gate.enter_at_once()
        if place is None:
            place = await_in_greenlet(gate.wait(self._patience_seconds))
        try:
            return self._try(connection_record)
        finally:
            gate.leave(place)

    def hear(self) -> None:
        """Record that the server has answered on one of its connections."""
        self._heard = time.monotonic()

    def doubt(self, line: LoopGate, since: float) -> None:
        """Begin an attempt if the server is silent, or has said nothing while a task has waited in *line*.

        If the attempt fails late, and no connection has come back meanwhile, nobody waits in *line* any more.

        Args:
            line: The gate of a pool, or one before it.
            since: When the task has begun to wait, by the monotonic clock.
        """
        self._lines.add(line)
        if self.is_silent or time.monotonic() - since >= DOUBT_SECONDS:
            self._suspect()

    def watch(self) -> asyncio.TimerHandle | None:
        """Begin an attempt soon, unless the server says something, or the caller cancels what this returns.

        A task whose test of an idle connection gets no response then joins an attempt that has already begun.
        """
        if self._has_heard_since(time.monotonic() - DOUBT_SECONDS):
            return None
        return asyncio.get_running_loop().call_later(DOUBT_SECONDS, self._suspect)

    def end(self) -> None:
        """Cancel the attempt that is being made, if there is one."""
        attempt = self._running()
        if attempt is not None:
            attempt.cancel()

    def _suspect(self) -> None:
        if self.is_silent or not self._has_heard_since(time.monotonic() - DOUBT_SECONDS):
            self._begin()

    def _has_heard_since(self, when: float) -> bool:
        return self._heard > when

    def _running(self) -> asyncio.Task[Exception | None] | None:
        attempt = self._attempt
        if attempt is None or attempt.done() or attempt.get_loop() is not running_loop():
            return None
        return attempt

    def _begin(self) -> asyncio.Task[Exception | None]:
        attempt = self._running()
        if attempt is None:
            # In a context of its own, because it belongs to none of the requests.
            probe = greenlet_spawn(self._probe)
            attempt = self._attempt = asyncio.get_running_loop().create_task(probe, context=Context())
        return attempt

    async def _join(self) -> None:
        attempt = self._begin()
        await asyncio.wait([attempt])
        error = None if attempt.cancelled() else attempt.result()
        if error is not None:
            raise _as_raised(error)

    def _probe(self) -> Exception | None:
        try:
            connection = self._try(None)
        except Exception as error:  # noqa: BLE001 - raised in all tasks that wait
            return error
        connection.close()
        return None

    def _try(self, connection_record: Any) -> Any:
        began = time.monotonic()
        try:
            connection = self._connect(connection_record)
        except Exception as error:
            self._fail(error, began)
            raise
        self.is_silent = False
        self.hear()
        return connection

    def _fail(self, error: Exception, began: float) -> None:
        self.is_silent = time.monotonic() - began >= SILENT_SECONDS
        if not self.is_silent:
            # A refusal is an answer.
            self.hear()
            return
        self._connecting.here().fail(lambda: _as_raised(error))
        if not self._has_heard_since(began):
            for line in list(self._lines):
                line.fail(lambda: _as_raised(error))


def _as_raised(error: Exception) -> OperationalError:
    """Return *error* as SQLAlchemy would raise it. Each task needs its own, because tracebacks are added to it."""
    return OperationalError(None, None, error)
