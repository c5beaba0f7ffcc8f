"""Read sessions, and records of every session: whether its scope has written, whether it has uncommitted changes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, CursorResult, Engine, Executable, event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from sessionscope.database.errors import ReadOnlySessionError
from sessionscope.database.sources import Sources, Writes

S = TypeVar("S", bound=Session | AsyncSession)

# Keys in the `info` of a session: the scope's `Writes`, and the `Sources` of a read session.
_WRITES: Final = "app_writes_of_scope"
SOURCES: Final = "app_sources"


def has_begun_to_write(session: Session) -> None:
    """Record that *session*'s scope has written."""
    writes: Writes | None = session.info.get(_WRITES)
    if writes is not None:
        writes.happened = True


class ReadSession(Session):
    """A session that only reads, each statement in autocommit.

    It begins and rolls back no transaction, so a read takes one round trip. Two reads may
    see different states of the database.

    Raises:
        ReadOnlySessionError: `flush`, `commit`, `execute`, `scalar` or `scalars` would write.
    """

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Raise `ReadOnlySessionError` if there are changes."""
        if self.new or self.dirty or self.deleted:
            raise ReadOnlySessionError
        super().flush(objects)

    def get_bind(self, *arguments: Any, **options: Any) -> Engine | Connection:
        """Return the primary if the scope has written, otherwise the factory's bind."""
        sources: Sources | None = self.info.get(SOURCES)
        writes: Writes | None = self.info.get(_WRITES)
        if sources is not None and writes is not None and writes.happened:
            return sources.primary.view
        return super().get_bind(*arguments, **options)


@event.listens_for(ReadSession, "do_orm_execute")
def _refuse_to_write(state: ORMExecuteState) -> None:
    # Overriding execute() would not be enough, because scalar() and scalars() don't call it.
    if state.is_insert or state.is_update or state.is_delete:
        raise ReadOnlySessionError


class AsyncReadSession(AsyncSession):
    """The async twin of `ReadSession`."""

    sync_session_class = ReadSession


# This key is in the `info` of a session whose transaction has changed something.
_CHANGED: Final = "app_changed"


def has_unsaved_changes(session: Any) -> bool:
    """Tell whether *session* has sent changes to the database that it has not committed.

    This counts flushes, mapped UPDATE and DELETE statements, and statements sent by `send`, but no other statements.
    """
    return _CHANGED in getattr(session, "info", ())


def send(session: Session, statement: Executable, values: Mapping[str, Any]) -> CursorResult[Any]:
    """Execute a statement on tables in *session*'s transaction, without the work that the ORM does around it.

    Mapped objects that the session has loaded are not updated.
    """
    result = session.connection().execute(statement, values)
    if statement.is_dml:
        _mark(session)
    return result


def _mark(session: Session, *_: Any) -> None:
    session.info[_CHANGED] = True
    has_begun_to_write(session)


def _mark_bulk(context: Any) -> None:
    _mark(context.session)


def _mark_commit(session: Session) -> None:
    # INSERT statements and textual SQL are not seen, so every commit counts as a write.
    if not isinstance(session, ReadSession):
        has_begun_to_write(session)


def _unmark(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_CHANGED, None)


event.listen(Session, "after_flush", _mark)
event.listen(Session, "after_bulk_update", _mark_bulk)
event.listen(Session, "after_bulk_delete", _mark_bulk)
event.listen(Session, "after_commit", _mark_commit)
event.listen(Session, "after_transaction_end", _unmark)


def open_session(factory: Callable[[], S], writes: Writes) -> S:
    """Return a new session of any kind, which records its writes in *writes*.

    The session connects with its first statement. An async session is made without waiting too; only its close is
    awaited.
    """
    session = factory()
    session.info[_WRITES] = writes
    return session
