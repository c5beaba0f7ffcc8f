"""One unit of work: a new transaction, which is committed when the block ends and rolled back when it raises.

A unit inside another unit of the same session joins it: the outer one commits or rolls back both.
It is an error if the inner unit asks for options that the outer transaction doesn't have.
"""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from functools import partial
from typing import Any, Final

from anyio import CancelScope
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from sessionscope.database.errors import CommitOutcomeUnknownError, commit_outcome_is_known
from sessionscope.database.options import WRITES
from sessionscope.database.session import has_begun_to_write
from sessionscope.transactions.options import TransactionOptions

# Keys in a session's `info`: the options and the connection of the unit of work that the session is in.
_OPTIONS: Final = "app_options"
_CONNECTION: Final = "app_connection"


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


@contextmanager
def _unit(
    session: Session, options: TransactionOptions, undoing: Callable[[], AbstractContextManager[Any]]
) -> Generator[None, None, None]:
    if is_joined(session, options):
        yield
        return
    try:
        _begin(session, options)
        yield
        _commit(session, options)
    finally:
        if _OPTIONS in session.info:
            with undoing():
                _undo(session, options)


@asynccontextmanager
async def async_transaction(
    session: AsyncSession,
    options: TransactionOptions = TransactionOptions(),  # noqa: B008 - frozen
) -> AsyncGenerator[AsyncSession, None]:
    """Run the block as one transaction. Raises the same errors as `transaction`."""
    if is_joined(session.sync_session, options):
        yield session
        return
    try:
        await session.run_sync(_begin, options)
        yield session
        await session.run_sync(_commit, options)
    finally:
        if _OPTIONS in session.info:
            with CancelScope(shield=True):
                await session.run_sync(_undo, options)


def is_joined(session: Session, options: TransactionOptions) -> bool:
    """Tell whether *session* is in a unit of work already. Raises the same errors as `transaction`."""
    outer: TransactionOptions | None = session.info.get(_OPTIONS)
    if outer is not None:
        options.join(outer)
    return outer is not None


def _begin(session: Session, options: TransactionOptions) -> None:
    session.begin()
    session.info[_OPTIONS] = options
    if not options.read_only:
        has_begun_to_write(session)
    bind = session.get_bind()
    if isinstance(bind, Connection):
        # A connection from outside, such as a test's: its transaction has begun already, with its own options.
        session.connection(execution_options={WRITES: not options.read_only})
    else:
        connection = session.connection(execution_options=options.execution_options(bind.dialect.name))
        if not options.are_usual:
            session.info[_CONNECTION] = connection
            options.begin(connection)


def _commit(session: Session, options: TransactionOptions) -> None:
    # Flush before COMMIT: a failure here surely leaves nothing behind.
    session.flush()
    _take_back(session, options)
    try:
        session.commit()
    except Exception as error:
        if options.read_only or commit_outcome_is_known(error):
            raise
        raise CommitOutcomeUnknownError from error
    del session.info[_OPTIONS]


def _undo(session: Session, options: TransactionOptions) -> None:
    del session.info[_OPTIONS]
    _take_back(session, options)
    session.rollback()


def _take_back(session: Session, options: TransactionOptions) -> None:
    connection: Connection | None = session.info.pop(_CONNECTION, None)
    if connection is not None and not connection.invalidated:
        options.end(connection)
