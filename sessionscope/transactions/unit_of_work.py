"""Runs a function as one transaction, and runs all of it again if it collides with other transactions."""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from tenacity import AsyncRetrying, Retrying

from sessionscope.database.session_state import state_of
from sessionscope.database.writer import Turn
from sessionscope.transactions.blocks import (
    async_transaction,
    greenlet_transaction,
    join_outer,
    transaction,
    writer_of,
    writer_transaction,
)
from sessionscope.transactions.options import TransactionOptions
from sessionscope.transactions.retry import Repetition, RetryPolicy

T = TypeVar("T")


class Transactions:
    """Runs units of work on one session.

    Args:
        session: Returns the session. It is called only when there is a unit to run.
        policy: Says when to run a unit again.
    """

    def __init__(self, session: Callable[[], Session], policy: RetryPolicy) -> None:
        self._session = session
        self._policy = policy

    def run(
        self,
        work: Callable[[Session], T],
        options: TransactionOptions = TransactionOptions(),  # noqa: B008 - frozen
        *,
        idempotent: bool = False,
    ) -> T:
        """Run *work* in a transaction and commit; run all of it again if `RetryPolicy` says so.

        Inside another unit of the same session, *work* is a part of that unit, which commits it or is run again.

        Args:
            work: Called with the session, possibly more than once. It must create its objects itself, and do
                nothing that a rollback can't undo.
            options: Isolation level, read-only, timeouts.
            idempotent: Whether running *work* twice has the same effect as running it once. If so, it is run
                again even when it is not known whether the first run was committed.

        Raises:
            CommitOutcomeUnknownError: The connection was lost during COMMIT, and the unit is not idempotent.
            NestedOptionsError: The unit around this one has other options.
            SQLAlchemyError: The last run failed, and the attempts or the time in the settings are used up.
        """
        session = self._session()
        if join_outer(session, options):
            return work(session)
        began = time.monotonic()
        try:
            return self._once(session, work, options)
        except Exception as error:  # noqa: BLE001 - the repetition decides what to raise
            repetition = Repetition(self._policy, work, session, began, idempotent=idempotent)
            return _repeated(_after(error, partial(self._once, session, work, options), repetition), repetition)

    def _once(self, session: Session, work: Callable[[Session], T], options: TransactionOptions) -> T:
        with transaction(session, options):
            result = work(session)
        self._policy.counts.commit()
        return result


class AsyncTransactions:
    """The async twin of `Transactions`."""

    def __init__(self, session: Callable[[], AsyncSession], policy: RetryPolicy) -> None:
        self._session = session
        self._policy = policy

    async def run(
        self,
        work: Callable[[AsyncSession], Awaitable[T]],
        options: TransactionOptions = TransactionOptions(),  # noqa: B008 - frozen
        *,
        idempotent: bool = False,
    ) -> T:
        """Run *work* in a transaction and commit, as `Transactions.run` does."""
        session = self._session()
        if join_outer(session.sync_session, options):
            return await work(session)
        once = _admitted(partial(self._once, session, work, options), session, options)
        return await self._repeated(work, once, session, idempotent=idempotent)

    async def run_sync(
        self,
        work: Callable[[Session], T],
        options: TransactionOptions = TransactionOptions(),  # noqa: B008 - frozen
        *,
        idempotent: bool = False,
    ) -> T:
        """Run *work*, a plain function of the session, in a transaction and commit, as `Transactions.run` does.

        A plain function can wait for nothing but the database, so the transaction stays short. From BEGIN to COMMIT
        there is one switch to SQLAlchemy's greenlet and back; `run` has one for each call of the session. On SQLite
        there is one hop to the writer's thread, where units run one after the other.
        """
        session = self._session()
        if join_outer(session.sync_session, options):
            return await session.run_sync(work)
        once = _admitted(partial(self._once_sync, session, work, options), session, options)
        return await self._repeated(work, once, session, idempotent=idempotent)

    async def _repeated(
        self,
        work: Callable[..., Any],
        once: Callable[[], Awaitable[T]],
        session: AsyncSession,
        *,
        idempotent: bool,
    ) -> T:
        began = time.monotonic()
        try:
            return await once()
        except Exception as error:  # noqa: BLE001 - the repetition decides what to raise
            repetition = Repetition(self._policy, work, session.sync_session, began, idempotent=idempotent)
            return await _async_repeated(_async_after(error, once, repetition), repetition)

    async def _once(
        self, session: AsyncSession, work: Callable[[AsyncSession], Awaitable[T]], options: TransactionOptions
    ) -> T:
        async with async_transaction(session, options):
            result = await work(session)
        self._policy.counts.commit()
        return result

    async def _once_sync(self, session: AsyncSession, work: Callable[[Session], T], options: TransactionOptions) -> T:
        inner = session.sync_session
        writer = writer_of(inner, options)
        if writer is None:
            result = await session.run_sync(_in_greenlet, work, options)
        else:
            result = await writer.run(partial(_in_turn, inner, work, options), options.lock_timeout)
        self._policy.counts.commit()
        return result


def _admitted(
    once: Callable[[], Awaitable[T]], session: AsyncSession, options: TransactionOptions
) -> Callable[[], Awaitable[T]]:
    """Return *once*, behind the gate for units that write if it is one."""
    gate = state_of(session.sync_session).write_gate
    return once if gate is None or options.read_only else partial(gate.run, once)


def _in_greenlet(session: Session, work: Callable[[Session], T], options: TransactionOptions) -> T:
    with greenlet_transaction(session, options):
        return work(session)


def _in_turn(session: Session, work: Callable[[Session], T], options: TransactionOptions, turn: Turn) -> T:
    with writer_transaction(session, options, turn):
        return work(session)


def _repeated(once: Callable[[], T], repetition: Repetition) -> T:
    try:
        return Retrying(**repetition.options())(once)
    except Exception as error:
        repetition.give_up(error)
        raise


async def _async_repeated(once: Callable[[], Awaitable[T]], repetition: Repetition) -> T:
    try:
        return await AsyncRetrying(**repetition.options())(once)
    except Exception as error:
        repetition.give_up(error)
        raise


def _after(error: Exception, once: Callable[[], T], repetition: Repetition) -> Callable[[], T]:
    """Return *once*, but raise *error* the first time: that run has been done already, without tenacity."""
    repetition.failed(error)
    first = [error]

    def next_run() -> T:
        if first:
            raise first.pop()
        try:
            return once()
        except Exception as failure:
            repetition.failed(failure)
            raise

    return next_run


def _async_after(
    error: Exception, once: Callable[[], Awaitable[T]], repetition: Repetition
) -> Callable[[], Awaitable[T]]:
    """Do as `_after` does, for an async function."""
    repetition.failed(error)
    first = [error]

    async def next_run() -> T:
        if first:
            raise first.pop()
        try:
            return await once()
        except Exception as failure:
            repetition.failed(failure)
            raise

    return next_run
