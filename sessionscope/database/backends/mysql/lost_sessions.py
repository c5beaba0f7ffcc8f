"""Ends the sessions of lost connections, whose locks the server would keep until it notices that the client is gone.

If the network is silent, the client closes its side of a connection, and the server doesn't hear of it. After the
network is back, the session still has its transaction, and units of work wait for its locks.
"""

import logging
from collections import deque
from contextlib import suppress
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, event

from sessionscope.database.backends.mysql.sockets import socket_of

logger = logging.getLogger(__name__)

# Key in a connection's `info`: its session.
_SESSION: Final = "app_mysql_session"
# The server's number for a session that has ended meanwhile.
_UNKNOWN_SESSION: Final = 1094


class Session(NamedTuple):
    """A session of the server: its number, and the port of its client, which together tell it from all others."""

    number: int
    port: int


class LostSessions:
    """The sessions of an engine's lost connections. The next connection that it opens ends them."""

    def __init__(self, engine: Engine) -> None:
        self._dialect = engine.dialect
        self._lost = deque[Session]()
        event.listen(engine, "invalidate", self._lose)

    def begin(self, connection: Any, record: Any) -> None:
        """Take note of a new *connection*, and end the sessions that were lost.

        Args:
            connection: The driver's connection, or SQLAlchemy's adapter for it.
            record: Its entry in the pool.
        """
        raw = getattr(connection, "driver_connection", connection)
        opened = socket_of(self._dialect.driver, raw)
        address = opened.getsockname() if opened is not None else None
        # A client on the same machine that uses a Unix socket has no network to lose.
        if isinstance(address, tuple):
            record.info[_SESSION] = Session(raw.thread_id(), address[1])
        if self._lost:
            self._end(connection)

    def _lose(self, _connection: object, record: Any, _error: BaseException | None) -> None:
        session = record.info.pop(_SESSION, None)
        if session is not None:
            self._lost.append(session)

    def _end(self, connection: Any) -> None:
        lost = list[Session]()
        # Other threads may take them at the same time.
        with suppress(IndexError):
            while True:
                lost.append(self._lost.popleft())
        try:
            end_sessions(connection, lost, self._dialect.loaded_dbapi)
        except BaseException:
            self._lost.extend(lost)
            raise


def end_sessions(connection: Any, sessions: list[Session], driver: Any) -> None:
    """End those of *sessions* that the server still has.

    The number alone could be that of another client's session, after the server was restarted.

    Args:
        connection: A DB-API connection of the same user.
        sessions: The sessions, at least one.
        driver: The DB-API module of *connection*.
    """
    cursor = connection.cursor()
    numbers = ", ".join(str(session.number) for session in sessions)
    cursor.execute(f"SELECT id, host FROM information_schema.processlist WHERE id IN ({numbers})")  # noqa: S608 - numbers
    ports = {number: host.rpartition(":")[2] for number, host in cursor.fetchall()}
    for session in sessions:
        if ports.get(session.number) == str(session.port):
            end_session(cursor, session, driver)
    cursor.close()


def end_session(cursor: Any, session: Session, driver: Any) -> None:
    """End *session*, unless it has ended meanwhile; the arguments are like those of `end_sessions`."""
    try:
        cursor.execute(f"KILL {session.number}")
    except driver.Error as error:
        if error.args[:1] != (_UNKNOWN_SESSION,):
            raise
    else:
        logger.info("ended session %d of a lost connection, which the server still had", session.number)
