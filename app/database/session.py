"""Building session factories from engines."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, sessionmaker

from app.database.errors import ReadOnlySessionError
from app.database.sqlite import AUTOCOMMIT

E = TypeVar("E", Engine, AsyncEngine)


class ReadSession(Session):
    """A session for reading: every statement stands alone, and nothing is written.

    There is no transaction to begin and to roll back, so a read costs one round trip;
    two reads may see different states of the database.

    Raises:
        ReadOnlySessionError: From `flush`, `commit`, `execute`, `scalar` and `scalars`, when they would write.
    """

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Refuse what would be written."""
        if self.new or self.dirty or self.deleted:
            raise ReadOnlySessionError
        super().flush(objects)


@event.listens_for(ReadSession, "do_orm_execute")
def _refuse_to_write(state: ORMExecuteState) -> None:
    # Not by overriding execute(): scalar() and scalars() don't go through it.
    if state.is_insert or state.is_update or state.is_delete:
        raise ReadOnlySessionError


class AsyncReadSession(AsyncSession):
    """The async twin of `ReadSession`."""

    sync_session_class = ReadSession


# Set in the `info` of a session whose transaction has changed something.
_CHANGED: Final = "app_changed"


def has_unsaved_changes(session: Any) -> bool:
    """Tell whether *session* has sent changes to the database that it has not committed.

    Flushes and mapped UPDATE and DELETE statements are known; INSERT statements and texts are not.
    """
    return _CHANGED in getattr(session, "info", ())


def _mark(session: Session, *_: Any) -> None:
    session.info[_CHANGED] = True


def _mark_bulk(context: Any) -> None:
    _mark(context.session)


def _unmark(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_CHANGED, None)


event.listen(Session, "after_flush", _mark)
event.listen(Session, "after_bulk_update", _mark_bulk)
event.listen(Session, "after_bulk_delete", _mark_bulk)
event.listen(Session, "after_transaction_end", _unmark)


def open_session(factory: sessionmaker[Session]) -> Session:
    """Return a new session; it connects with its first statement."""
    return factory()


def open_read_session(factory: sessionmaker[ReadSession]) -> ReadSession:
    """Return a new session for reading; it connects with its first statement."""
    return factory()


def open_async_session(factory: async_sessionmaker[AsyncSession]) -> AsyncSession:
    """Return a new async session; made without waiting, only its close is awaited."""
    return factory()


def open_async_read_session(factory: async_sessionmaker[AsyncReadSession]) -> AsyncReadSession:
    """Return a new async session for reading; made without waiting, as `open_async_session`'s."""
    return factory()


def build_session_factory(engine: Engine) -> sessionmaker[Session]:
    """Return the factory of sessions that read and write."""
    return sessionmaker(engine, autoflush=False, expire_on_commit=False, close_resets_only=False)


def build_async_session_factory(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Return the async twin of `build_session_factory`'s."""
    return async_sessionmaker(engine, autoflush=False, expire_on_commit=False, close_resets_only=False)


def build_read_session_factory(engine: Engine) -> sessionmaker[ReadSession]:
    """Return the factory of sessions that only read."""
    return sessionmaker(
        autocommitting(engine),
        class_=ReadSession,
        autoflush=False,
        expire_on_commit=False,
        close_resets_only=False,
    )


def build_async_read_session_factory(engine: AsyncEngine) -> async_sessionmaker[AsyncReadSession]:
    """Return the async twin of `build_read_session_factory`'s."""
    return async_sessionmaker(
        autocommitting(engine),
        class_=AsyncReadSession,
        autoflush=False,
        expire_on_commit=False,
        close_resets_only=False,
    )


def autocommitting(engine: E) -> E:
    """Return a view of *engine*, with the same pool, whose statements each stand alone."""
    if engine.dialect.name == "sqlite":
        # Its connections never begin by themselves: leaving out our BEGIN is all there is to do.
        return engine.execution_options(**{AUTOCOMMIT: True})
    return engine.execution_options(isolation_level="AUTOCOMMIT")
