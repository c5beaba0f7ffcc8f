"""Sessions that are recorded while they are open."""

import os
from contextlib import suppress
from threading import Lock
from typing import Any, Final
from warnings import warn
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session

from sessionscope.database.checkouts import Checkout


class OpenSessions:
    """The sessions that were made and not closed yet, as far as something else keeps them alive."""

    def __init__(self) -> None:
        self._open: WeakKeyDictionary[Session, Checkout] = WeakKeyDictionary()
        self._lock = Lock()

    def add(self, session: Session) -> None:
        """Record that *session* is open."""
        checkout = Checkout()
        with self._lock:
            self._open[session] = checkout

    def remove(self, session: Session) -> Checkout | None:
        """Record that *session* is closed. Return who opened it, or None if it was closed before."""
        with self._lock:
            return self._open.pop(session, None)

    def __len__(self) -> int:
        """Return the number of open sessions."""
        return len(self._open)

    def all(self) -> list[tuple[Session, Checkout]]:
        """Return the open sessions, and who opened each."""
        with self._lock:
            return list(self._open.items())

    def begin_in_child(self) -> None:
        """Take a new lock in a forked child: a thread of the parent may hold the other one for ever."""
        self._lock = Lock()


open_sessions: Final = OpenSessions()
os.register_at_fork(after_in_child=open_sessions.begin_in_child)


class RecordedSession(Session):
    """A session that is recorded from its construction to its close.

    A session that is garbage-collected in a transaction warns with `ResourceWarning`.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        open_sessions.add(self)

    def close(self) -> None:
        """Close the session."""
        try:
            super().close()
        finally:
            open_sessions.remove(self)

    def __del__(self) -> None:
        # A constructor that failed may have left the session without a state.
        with suppress(AttributeError):
            if self.in_transaction():
                message = "a session was never closed, and was in a transaction: use `with`, or a session of a scope"
                warn(message, ResourceWarning, source=self, stacklevel=1)
