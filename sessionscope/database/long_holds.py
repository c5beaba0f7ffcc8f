"""Logs each connection and session that is held for longer than `database.long_hold`, once.

A thread looks once a second, so it costs requests nothing, and also works while the event loop is blocked.
"""

import logging
import os
import time
from collections.abc import Iterator
from threading import Lock, Thread
from typing import Any, Final
from weakref import WeakSet, ref

from sqlalchemy import Engine, event

from sessionscope.database.checkouts import Checkout
from sessionscope.database.recorded_pool import RecordedPool
from sessionscope.database.recorded_session import open_sessions
from sessionscope.database.signals import held_long

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS: Final = 1.0


class LongHolds:
    """Watches the pools of engines from a thread, which runs as long as there are engines to watch."""

    def __init__(self) -> None:
        self._engines: WeakSet[Engine] = WeakSet()
        self._lock = Lock()
        self._thread: Thread | None = None

    def watch(self, engine: Engine) -> None:
        """Watch the pool of *engine*, which has one of our own."""
        with self._lock:
            self._engines.add(engine)
            self._start()

    def start_again(self) -> None:
        """Start the thread in a forked child, which has none."""
        self._lock = Lock()
        if self._thread is not None:
            self._thread = None
            self._start()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._run, name="sessionscope-long-holds", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while pools := self._pools():
            report(pools)
            del pools
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _pools(self) -> list[RecordedPool]:
        with self._lock:
            engines = list(self._engines)
            if not engines:
                self._thread = None
        return [engine.pool for engine in engines if isinstance(engine.pool, RecordedPool)]


def report(pools: list[RecordedPool]) -> None:
    """Log what is held for too long in *pools*, or by a session of their engines, and was not logged before."""
    for pool, checkout, what in (*_connections(pools), *_sessions(pools)):
        if checkout.is_reported or not 0 < pool.long_hold <= checkout.seconds():
            continue
        checkout.is_reported = True
        logger.warning(
            "%s has held %s of %s for %.0f s; opened at %s",
            checkout.task,
            what,
            pool.name,
            checkout.seconds(),
            checkout.line,
        )
        held_long(pool.name, what)


def _connections(pools: list[RecordedPool]) -> Iterator[tuple[RecordedPool, Checkout, str]]:
    for pool in pools:
        for checkout in pool.checkouts.oldest_first():
            yield pool, checkout, "a connection"


def _sessions(pools: list[RecordedPool]) -> Iterator[tuple[RecordedPool, Checkout, str]]:
    for session, checkout in open_sessions.all():
        pool: Any = getattr(session.bind, "pool", None)
        # In a transaction, its connection is reported.
        if pool in pools and not session.in_transaction():
            yield pool, checkout, "a session"


_long_holds: Final = LongHolds()
os.register_at_fork(after_in_child=_long_holds.start_again)


def report_long_holds(engine: Engine) -> None:
    """Report what is held for too long from *engine*'s pool, from its first connection on."""
    # Not the engine itself: the listener belongs to it, and the cycle would keep a forgotten engine alive.
    reference = ref(engine)

    @event.listens_for(engine, "first_connect")
    def first_connect(*_: object) -> None:
        connected = reference()
        if connected is not None:
            _long_holds.watch(connected)
