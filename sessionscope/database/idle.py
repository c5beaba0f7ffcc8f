"""Tests a pooled connection before use, if it has been idle for so long that it may be dead.

SQLAlchemy's own pre-ping tests each time, which costs up to three round trips to the server. A connection that
was in use a moment ago is almost certainly alive. If it isn't, its statement fails with a lost connection: units
of work and reads in a visit are run again, and any other request gets a 503.
"""

import time
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

from sessionscope.database.backends import backend_of
from sessionscope.database.backends.silence import answered_within

# Part of the idle time after which a connection is tested too if no connection of the engine was given back meanwhile:
# all of them may wait for a server that has fallen silent.
_QUIET_PART: Final = 0.25
# Key in a connection's `info`: when it was given back.
_IDLE_SINCE: Final = "app_idle_since"


def ping_after(engine: Engine, idle_seconds: float, *, answer_seconds: float) -> None:
    """Test connections of *engine* before use if they were idle for longer than *idle_seconds*.

    A connection that fails the test is replaced by a new one, and so are all that were opened before that. It fails
    after *answer_seconds* if the server's host acknowledges nothing.
    """
    dialect, backend = engine.dialect, backend_of(engine.dialect.name)
    heard = float("-inf")

    @event.listens_for(engine, "checkin")
    def checkin(connection: object, record: Any) -> None:
        nonlocal heard
        record.info[_IDLE_SINCE] = now = time.monotonic()
        # A connection that was lost comes back as None.
        heard = now if connection is not None else heard

    @event.listens_for(engine, "checkout")
    def checkout(connection: Any, record: Any, _proxy: object) -> None:
        idle_since, now = record.info.get(_IDLE_SINCE), time.monotonic()
        is_quiet = now - heard > idle_seconds * _QUIET_PART
        if idle_since is None or (now - idle_since <= idle_seconds and not is_quiet):
            return
        try:
            raw = getattr(connection, "driver_connection", connection)
            with answered_within(answer_seconds, backend.socket_of(dialect, raw)):
                dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            if not dialect.is_disconnect(error, connection, None):
                raise
            raise InvalidatePoolError from error
