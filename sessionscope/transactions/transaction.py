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
from sessionscope.transactions.terms import Terms

# Keys in a session's `info`: the options and the connection of the unit of work that the session is in.
_TERMS: Final = "app_terms"
_CONNECTION: Final = "app_connection"


@contextmanager
def transaction(session: Session, terms: Terms = Terms()) -> Generator[Session, None, None]:  # noqa: B008 - frozen
    """Run the block as one transaction.

    Raises:
        InvalidRequestError: The session is in a transaction already, which may have an old snapshot.
        NestedTermsError: The unit of work around this one has other options.
        CommitOutcomeUnknownError: The connection was lost while committing.
    """
    with _unit(session, terms, nullcontext):
        yield session


@contextmanager
def greenlet_transaction(session: Session, terms: Terms) -> Generator[Session, None, None]:
    """Do as `transaction` does, for the sync session inside an async session, in SQLAlchemy's greenlet."""
    with _unit(session, terms, partial(CancelScope, shield=True)):
        yield session


@contextmanager
def _unit(
    session: Session, terms: Terms, undoing: Callable[[], AbstractContextManager[Any]]
) -> Generator[None, None, None]:
    if is_joined(session, terms):
        yield
        return
    try:
        _begin(session, terms)
        yield
        _commit(session, terms)
    finally:
        if _TERMS in session.info:
            with undoing():
                _undo(session, terms)


@asynccontextmanager
async def async_transaction(
    session: AsyncSession,
    terms: Terms = Terms(),  # noqa: B008 - frozen
) -> AsyncGenerator[AsyncSession, None]:
    """Run the block as one transaction. Raises the same errors as `transaction`."""
    if is_joined(session.sync_session, terms):
        yield session
        return
    try:
        await session.run_sync(_begin, terms)
        yield session
        await session.run_sync(_commit, terms)
    finally:
        if _TERMS in session.info:
            with CancelScope(shield=True):
                await session.run_sync(_undo, terms)


def is_joined(session: Session, terms: Terms) -> bool:
    """Tell whether *session* is in a unit of work already. Raises the same errors as `transaction`."""
    outer: Terms | None = session.info.get(_TERMS)
    if outer is not None:
        terms.join(outer)
    return outer is not None


def _begin(session: Session, terms: Terms) -> None:
    session.begin()
    session.info[_TERMS] = terms
    if not terms.read_only:
        has_begun_to_write(session)
    bind = session.get_bind()
    if isinstance(bind, Connection):
        # A connection from outside, such as a test's: its transaction has begun already, with its own options.
        session.connection(execution_options={WRITES: not terms.read_only})
    else:
        connection = session.connection(execution_options=terms.options(bind.dialect.name))
        if not terms.are_usual:
            session.info[_CONNECTION] = connection
            terms.begin(connection)


def _commit(session: Session, terms: Terms) -> None:
    # Flush before COMMIT: a failure here surely leaves nothing behind.
    session.flush()
    _take_back(session, terms)
    try:
        session.commit()
    except Exception as error:
        if terms.read_only or commit_outcome_is_known(error):
            raise
        raise CommitOutcomeUnknownError from error
    del session.info[_TERMS]


def _undo(session: Session, terms: Terms) -> None:
    del session.info[_TERMS]
    _take_back(session, terms)
    session.rollback()


def _take_back(session: Session, terms: Terms) -> None:
    connection: Connection | None = session.info.pop(_CONNECTION, None)
    if connection is not None and not connection.invalidated:
        terms.end(connection)
