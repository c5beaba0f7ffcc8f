"""What the library knows of a session: one typed object in its `info`."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from sessionscope.database.admission import WriteGate
from sessionscope.database.sources import Sources, Writes
from sessionscope.database.writer import Turn, Writer

_STATE: Final = "sessionscope"


@dataclass(slots=True)
class SessionState:
    """The state of one session.

    Attributes:
        writes: Whether the session's scope has written; None for a session outside a scope.
        sources: Where a read session reads; None for a session of another factory.
        has_changed: Whether the session has sent changes to the database that it has not committed.
        unit: The unit of work that the session is in, which `sessionscope.transactions` sets.
        writer: The thread for units of work that are plain functions; None if they run in the event loop.
        turn: The turn of the unit that is running in that thread; None if there is none.
        write_gate: Admits the units of work that write; None if their number is not limited.
    """

    writes: Writes | None = None
    sources: Sources | None = None
    has_changed: bool = False
    unit: Any = None
    writer: Writer | None = None
    turn: Turn | None = None
    write_gate: WriteGate | None = None

    def begin_to_write(self) -> None:
        """Record that the session's scope writes."""
        if self.writes is not None:
            self.writes.happened = True

    def change(self) -> None:
        """Record that the session has sent a change to the database."""
        self.has_changed = True
        self.begin_to_write()


def state_of(session: Session) -> SessionState:
    """Return the state of *session*."""
    state: SessionState | None = session.info.get(_STATE)
    if state is None:
        state = session.info[_STATE] = SessionState()
    return state
