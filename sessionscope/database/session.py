"""Building session factories from engines."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, CursorResult, Engine, Executable, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, sessionmaker

from sessionscope.database.errors import ReadOnlySessionError
from sessionscope.database.options import AUTOCOMMIT
from sessionscope.database.replicas import Replicas

T = TypeVar("T")
S = TypeVar("S", bound=Session | AsyncSession)

# Kept in the `info` of a session: the scope's `Writes`, where a read session reads, and where what was just written.
_WRITES: Final = "app_writes_of_scope"
_SOURCE: Final = "app_source"
_PRIMARY: Final = "app_primary"


class Writes:
    """Whether a scope has written: from then on its reads go to the primary, for replicas follow a moment later."""

    __slots__ = ("happened",)

    def __init__(self) -> None:
        self.happened = False


class Source:
    """A database to read from, each statement on its own.

    Attributes:
        engine: The engine; of an async one, the sync engine inside.
        view: The engine, with the same pool, as sessions want it.
    """

    __slots__ = ("_options", "engine", "view")

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._options = _alone(engine)
        self.view = engine.execution_options(**self._options)

    def connect(self) -> Connection:
        """Return a connection; said to it alone, the options cost less than the view's, which has events for them."""
        return self.engine.connect().execution_options(**self._options)


def source_of(factory: object, writes: Writes) -> Source | None:
    """Return where a scope's sessions of *factory* read, after its *writes*; None for a factory of another kind."""
    info: Mapping[str, Any] = getattr(factory, "kw", {}).get("info") or {}
    primary: Source | None = info.get(_PRIMARY)
    return primary if primary is not None and writes.happened else info.get(_SOURCE)


def visit(connect: Callable[[], AbstractContextManager[Connection]], work: Callable[[Connection], T]) -> T:
    """Return what *work* reads from a connection that it has for so long."""
    with connect() as connection:
        return work(connection)


def has_begun_to_write(session: Session) -> None:
    """Note that *session*'s scope writes."""
    writes: Writes | None = session.info.get(_WRITES)
    if writes is not None:
        writes.happened = True


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

    def get_bind(self, *arguments: Any, **options: Any) -> Engine | Connection:
        """Return the primary after a write in the scope, else what the factory was given."""
        primary: Source | None = self.info.get(_PRIMARY)
        writes: Writes | None = self.info.get(_WRITES)
        if primary is not None and writes is not None and writes.happened:
            return primary.view
        return super().get_bind(*arguments, **options)


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

    Flushes, mapped UPDATE and DELETE statements and what was sent by `send` are known; other statements are not.
    """
    return _CHANGED in getattr(session, "info", ())


def send(session: Session, statement: Executable, values: Mapping[str, Any]) -> CursorResult[Any]:
    """Execute a statement about tables in *session*'s transaction, without what the ORM would do around it.

    Mapped objects that the session has loaded don't hear of it.
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
    # INSERT statements and texts went by unseen: who commits has written.
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
    """Return a new session of any kind; it connects with its first statement, and tells *writes* when it writes.

    Made without waiting, an async one too: only its close is awaited.
    """
    session = factory()
    session.info[_WRITES] = writes
    return session


# How every session of the service is: nothing is sent or loaded by accident, and what is closed stays closed.
SESSION_OPTIONS: Final[dict[str, Any]] = {"autoflush": False, "expire_on_commit": False, "close_resets_only": False}


def build_session_factory(engine: Engine) -> sessionmaker[Session]:
    """Return the factory of sessions that read and write."""
    return sessionmaker(engine, **SESSION_OPTIONS)


def build_async_session_factory(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Return the async twin of `build_session_factory`'s."""
    return async_sessionmaker(engine, **SESSION_OPTIONS)


def build_read_session_factory(engine: Engine, replicas: Replicas[Engine]) -> sessionmaker[ReadSession]:
    """Return the factory of sessions that only read, from the replicas where there are any."""
    info = _info(engine, replicas.engine)
    return sessionmaker(info[_SOURCE].view, class_=ReadSession, info=info, **SESSION_OPTIONS)


def build_async_read_session_factory(
    engine: AsyncEngine, replicas: Replicas[AsyncEngine]
) -> async_sessionmaker[AsyncReadSession]:
    """Return the async twin of `build_read_session_factory`'s."""
    info = _info(engine.sync_engine, replicas.engine.sync_engine if replicas.engine is not None else None)
    return async_sessionmaker(AsyncEngine(info[_SOURCE].view), class_=AsyncReadSession, info=info, **SESSION_OPTIONS)


def _info(primary: Engine, replicas: Engine | None) -> dict[str, Any]:
    if replicas is None:
        return {_SOURCE: Source(primary)}
    return {_SOURCE: Source(replicas), _PRIMARY: Source(primary)}


def _alone(engine: Engine) -> dict[str, Any]:
    if engine.dialect.name == "postgresql":
        return {"isolation_level": "AUTOCOMMIT"}
    # Their connections never begin by themselves: leaving out our BEGIN is all there is to do.
    return {AUTOCOMMIT: True}
