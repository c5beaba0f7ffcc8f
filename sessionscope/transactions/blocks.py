"""One unit of work: a new transaction, which is committed when the block ends and rolled back when it raises.

A unit inside another unit of the same session joins it: the outer one commits or rolls back both.
It is an error if the inner unit asks for options that the outer transaction doesn't have.
"""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from threading import get_ident
from typing import Any

from anyio import CancelScope
from sqlalchemy import Connection
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from sessionscope.database.errors import CommitOutcomeUnknownError, commit_outcome_is_known
from sessionscope.database.options import WRITES
from sessionscope.database.session_state import state_of
from sessionscope.database.writer import Turn, Writer
from sessionscope.transactions.options import TransactionOptions


@dataclass(slots=True)
class _Unit:
    """The unit of work that a session is in.

    Attributes:
        asked: The options that it asked for, which inner units are held against.
        options: Those of its transaction.
        connection: The connection on which options are set that `_take_back` resets; None if there are none.
    """

    asked: TransactionOptions
    options: TransactionOptions
    connection: Connection | None = None


@contextmanager
def transaction(session: Session, options: TransactionOptions = TransactionOptions()) -> Generator[Session, None, None]:  # noqa: B008 - frozen
    """Run the block as one transaction.

    Raises:
        InvalidRequestError: The session is in a transaction already, which may have an old snapshot.
        NestedOptionsError: The unit of work around this one has other options.
        CommitOutcomeUnknownError: The connection was lost while committing.
    """
    with _unit(session, options, nullcontext):
        yield session


@contextmanager
def greenlet_transaction(session: Session, options: TransactionOptions) -> Generator[Session, None, None]:
    """Do as `transaction` does, for the sync session inside an async session, in SQLAlchemy's greenlet."""
    with _unit(session, options, partial(CancelScope, shield=True)):
        yield session


def writer_of(session: Session, options: TransactionOptions) -> Writer | None:
    """Return the writer for a unit of work on the sync session inside an async session; None for the event loop.

    A unit that only reads doesn't have to wait for writers, and must not keep them waiting.
    """
    state = state_of(session)
    if state.writer is None or state.turn is not None:
        # If a unit of another task has the session in the thread, this one comes after it.
        return state.writer
    if options.read_only or session.in_transaction() or session.get_bind() is not state.writer.replaced:
        return None
    return state.writer


@contextmanager
def writer_transaction(session: Session, options: TransactionOptions, turn: Turn) -> Generator[Session, None, None]:
    """Do as `transaction` does, for the sync session inside an async session, in the writer's thread.

    Raises:
        InvalidRequestError: Another task has begun a transaction of the session meanwhile.
        LineTimeoutError: The turn came too late.
        UnitCancelledError: The task was cancelled before COMMIT.
    """
    remaining_seconds = turn.begin()
    given = options if remaining_seconds is None else replace(options, lock_timeout=remaining_seconds)
    if session.in_transaction():
        raise InvalidRequestError("A transaction is already begun on this session, by another task.")
    state = state_of(session)
    state.turn = turn
    try:
        with _unit(session, given, nullcontext, asked=options):
            yield session
            session.flush()
            turn.check()
    finally:
        state.turn = None


@contextmanager
def _unit(
    session: Session,
    options: TransactionOptions,
    undoing: Callable[[], AbstractContextManager[Any]],
    *,
    asked: TransactionOptions | None = None,
) -> Generator[None, None, None]:
    if join_outer(session, options):
        yield
        return
    # If this fails, the session is in another transaction, which must not be undone.
    session.begin()
    try:
        _begin(session, options, asked)
        yield
        _commit(session, options)
    finally:
        if state_of(session).unit is not None:
            with undoing():
                _undo(session)


@asynccontextmanager
async def async_transaction(
    session: AsyncSession,
    options: TransactionOptions = TransactionOptions(),  # noqa: B008 - frozen
) -> AsyncGenerator[AsyncSession, None]:
    """Run the block as one transaction. Raises the same errors as `transaction`."""
    if join_outer(session.sync_session, options):
        yield session
        return
    session.sync_session.begin()
    try:
        await session.run_sync(_begin, options)
        yield session
        await session.run_sync(_commit, options)
    finally:
        if state_of(session.sync_session).unit is not None:
            with CancelScope(shield=True):
                await session.run_sync(_undo)


def join_outer(session: Session, options: TransactionOptions) -> bool:
    """Join the unit of work that *session* is in; return False if it is in none, or in one of another task.

    Raises:
        NestedOptionsError: The outer unit has other options.
    """
    state = state_of(session)
    outer: _Unit | None = state.unit
    if outer is None or (state.turn is not None and state.turn.thread != get_ident()):
        return False
    options.join(outer.asked)
    return True


def _begin(session: Session, options: TransactionOptions, asked: TransactionOptions | None = None) -> None:
    state = state_of(session)
    state.unit = unit = _Unit(asked or options, options)
    if not options.read_only:
        state.begin_to_write()
    bind = session.get_bind()
    if isinstance(bind, Connection):
        # A connection from outside, such as a test's: its transaction has begun already, with its own options.
        session.connection(execution_options={WRITES: not options.read_only})
    else:
        connection = session.connection(execution_options=options.execution_options(bind.dialect.name))
        if not options.are_usual:
            unit.connection = connection
            options.begin(connection)


def _commit(session: Session, options: TransactionOptions) -> None:
    # Flush before COMMIT: a failure here surely leaves nothing behind.
    session.flush()
    state = state_of(session)
    _take_back(state.unit)
    try:
        session.commit()
    except Exception as error:
        if options.read_only or commit_outcome_is_known(error):
            raise
        raise CommitOutcomeUnknownError from error
    state.unit = None


def _undo(session: Session) -> None:
    state = state_of(session)
    unit, state.unit = state.unit, None
    _take_back(unit)
    session.rollback()


def _take_back(unit: _Unit) -> None:
    connection, unit.connection = unit.connection, None
    if connection is not None and not connection.invalidated:
        unit.options.end(connection)
