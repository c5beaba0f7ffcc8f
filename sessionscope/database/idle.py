"""Testing a pooled connection before use, when it has been idle for long enough to be dead.

SQLAlchemy's own pre-ping tests each time, which costs up to three round trips to the server;
a connection that was at work a moment ago is as good as certain. When it isn't, its statement
fails with a lost connection: a unit of work is run again, a visit to read too, and what is left is answered with a 503.
"""

import time
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

# Kept with a connection: when it was given back.
_IDLE_SINCE: Final = "app_idle_since"


def ping_after(engine: Engine, idle_seconds: float) -> None:
    """Test connections of *engine* that were idle for longer than *idle_seconds* before they are used.

    One that fails is replaced by a new one, and so are all that were opened before it failed.
    """
    dialect = engine.dialect

    @event.listens_for(engine, "checkin")
    def checkin(_connection: object, record: Any) -> None:
        record.info[_IDLE_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def checkout(connection: Any, record: Any, _proxy: object) -> None:
        idle_since = record.info.get(_IDLE_SINCE)
        if idle_since is None or time.monotonic() - idle_since <= idle_seconds:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            if not dialect.is_disconnect(error, connection, None):
                raise
            raise InvalidatePoolError from error
