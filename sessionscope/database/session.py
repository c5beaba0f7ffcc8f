"""The library's classes of sessions. A session records that its scope has written, and a read session refuses to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Engine, Executable, event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from sessionscope.database.errors import ReadOnlySessionError
from sessionscope.database.recorded_session import RecordedSession
from sessionscope.database.session_state import state_of
from sessionscope.database.sources import Writes

S = TypeVar("S", bound=Session | AsyncSession)


class WriteSession(RecordedSession):
    """A session that reads and writes, and that knows whether it has changes to commit."""


class ThreadedWriteSession(WriteSession):
    """A write session inside an async session, whose units of work may run in the writer's thread."""

    def get_bind(self, *arguments: Any, **options: Any) -> Engine | Connection:
        """Return the writer's engine during a unit in its thread, otherwise the factory's bind."""
        bind = super().get_bind(*arguments, **options)
        turn = state_of(self).turn
        return turn.writer.engine if turn is not None and bind is turn.writer.replaced else bind


class AsyncWriteSession(AsyncSession):
    """The async twin of `WriteSession`."""

    sync_session_class = WriteSession


class ReadSession(RecordedSession):
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
        state = state_of(self)
        if state.sources is not None and state.writes is not None and state.writes.happened:
            return state.sources.primary.view
        return super().get_bind(*arguments, **options)


class AsyncReadSession(AsyncSession):
    """The async twin of `ReadSession`."""

    sync_session_class = ReadSession


def has_unsaved_changes(session: Session) -> bool:
    """Tell whether *session* has sent changes to the database that it has not committed.

    This counts flushes, mapped UPDATE and DELETE statements, and statements sent by `send`, but no other statements.
    """
    return state_of(session).has_changed


def send(session: Session, statement: Executable, values: Mapping[str, Any]) -> CursorResult[Any]:
    """Execute a statement on tables in *session*'s transaction, without the work that the ORM does around it.

    Mapped objects that the session has loaded are not updated.
    """
    result = session.connection().execute(statement, values)
    if statement.is_dml:
        state_of(session).change()
    return result


def open_session(factory: Callable[[], S], writes: Writes) -> S:
    """Return a new session of any kind, which records its writes in *writes*.

    The session connects with its first statement. An async session is made without waiting too; only its close is
    awaited.
    """
    session = factory()
    sync_session = session.sync_session if isinstance(session, AsyncSession) else session
    state_of(sync_session).writes = writes
    watch(sync_session)
    return session


def watch(session: Session) -> None:
    """Let a session of another factory than ours record its changes too. A second call does nothing."""
    if not isinstance(session, WriteSession | ReadSession):
        _watch(session)


def _refuse_to_write(state: ORMExecuteState) -> None:
    # Overriding execute() would not be enough, because scalar() and scalars() don't call it.
    if state.is_insert or state.is_update or state.is_delete:
        raise ReadOnlySessionError


def _flushed(session: Session, _: object) -> None:
    state_of(session).change()


def _sent_bulk(context: Any) -> None:
    state_of(context.session).change()


def _committed(session: Session) -> None:
    # INSERT statements and textual SQL are not seen, so every commit counts as a write.
    state_of(session).begin_to_write()


def _ended(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        state_of(session).has_changed = False


def _watch(sessions: type[Session] | Session) -> None:
    """Let a class of sessions, or one session, tell its state when it writes."""
    event.listen(sessions, "after_flush", _flushed)
    event.listen(sessions, "after_bulk_update", _sent_bulk)
    event.listen(sessions, "after_bulk_delete", _sent_bulk)
    event.listen(sessions, "after_commit", _committed)
    event.listen(sessions, "after_transaction_end", _ended)


_watch(WriteSession)
event.listen(ReadSession, "do_orm_execute", _refuse_to_write)
