"""Records what happens, for the metrics.

A connection may come back from within the garbage collector, which may run while a metric holds its lock: a metric that
was changed there would wait for itself. So what happens is put into a queue, which needs no lock, and a thread moves it
into the metrics once a second. That is faster for requests, too.
"""

import atexit
import os
import time
from collections import deque
from collections.abc import Callable
from threading import Lock, Thread
from typing import Any, Final

from sessionscope.database.error_kinds import Failure
from sessionscope.database.signals import (
    PoolName,
    admitted,
    connection_released,
    held_long,
    unit_committed,
    unit_given_up,
    unit_retried,
)
from sessionscope.fastapi.request_log import FinishedRequest, request_finished
from sessionscope.observe.metrics import series
from sessionscope.signals import Signal

SECONDS_BETWEEN_MOVES: Final = 1.0


class Recording:
    """Moves what was recorded in this process into the metrics."""

    def __init__(self) -> None:
        self._recorded: deque[tuple[Callable[[Any], object], Any]] = deque()
        self._is_running = False
        self._lock = Lock()

    def add(self, change: Callable[[Any], object], value: Any) -> None:
        """Call *change* with *value* soon, in another thread."""
        self._recorded.append((change, value))
        if not self._is_running:
            self._start()

    def move(self) -> None:
        """Move everything that was recorded so far into the metrics."""
        with self._lock:
            while self._recorded:
                change, value = self._recorded.popleft()
                change(value)

    def _start(self) -> None:
        self._is_running = True
        Thread(target=self._run, name="sessionscope-metrics", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(SECONDS_BETWEEN_MOVES)
            self.move()

    def begin_in_child(self) -> None:
        """Begin anew in a forked child: what was recorded before is its parent's, and so is the thread."""
        self._recorded.clear()
        self._is_running = False
        self._lock = Lock()


recording: Final = Recording()
os.register_at_fork(after_in_child=recording.begin_in_child)


def _released(pool: PoolName, waited: float, held: float) -> None:
    recording.add(_observe_use, (pool, waited, held))


def _observe_use(use: tuple[PoolName, float, float]) -> None:
    pool, waited, held = use
    series.pool_series(series.acquire_seconds, *pool).observe(waited)
    series.pool_series(series.hold_seconds, *pool).observe(held)


def _admitted(pool: PoolName, seconds: float) -> None:
    recording.add(series.pool_series(series.admission_seconds, *pool).observe, seconds)


def _held_long(pool: PoolName, held: str) -> None:
    recording.add(series.long_holds.labels(*pool, held).inc, 1)


def _committed(database: str) -> None:
    recording.add(series.units_committed.labels(database).inc, 1)


def _retried(database: str, cause: Failure) -> None:
    recording.add(series.units_retried.labels(database, str(cause)).inc, 1)


def _given_up(database: str, cause: Failure) -> None:
    recording.add(series.units_given_up.labels(database, str(cause)).inc, 1)


def _finished(request: FinishedRequest) -> None:
    recording.add(_observe_request, request)


def _observe_request(request: FinishedRequest) -> None:
    series.http_series(request.method, request.route, request.status).observe(request.seconds)


def _listeners() -> list[tuple[Signal[...], Callable[..., None]]]:
    return [
        (connection_released, _released),
        (admitted, _admitted),
        (held_long, _held_long),
        (unit_committed, _committed),
        (unit_retried, _retried),
        (unit_given_up, _given_up),
        (request_finished, _finished),
    ]


def record() -> None:
    """Record what happens in this process from now on. A second call does nothing."""
    for signal, listener in _listeners():
        signal.add(listener)
    atexit.register(recording.move)


def stop_recording() -> None:
    """Record nothing any more."""
    for signal, listener in _listeners():
        signal.remove(listener)
    atexit.unregister(recording.move)
