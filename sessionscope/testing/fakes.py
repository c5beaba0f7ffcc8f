"""Fake transactions for unit tests of services, without an engine or a database.

Give the services fakes of their repositories too. The session of a unit of work is not bound to a database, so a
service that queries one directly fails with SQLAlchemy's ``UnboundExecutionError``.
"""

from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from typing import Any, Final, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from sessionscope.errors import ConflictError, KeyReusedError, NotFoundError
from sessionscope.transactions.idempotency import HasId, IdempotentTransactions
from sessionscope.transactions.options import TransactionOptions
from sessionscope.transactions.unit_of_work import AsyncTransactions, Transactions

T = TypeVar("T")
Made = TypeVar("Made", bound=HasId)

_USUAL: Final = TransactionOptions()


class FakeTransactions(Transactions):
    """Runs each unit of work once, without a database.

    A unit inside another one is part of it. A unit that adds or changes objects directly in the session fails at its
    end, because there is no database to flush them to.

    Attributes:
        committed: The results of the units that were committed, in order.
        rolled_back: The errors of the units that were rolled back, in order.
    """

    def __init__(self) -> None:
        self.committed: list[Any] = []
        self.rolled_back: list[Exception] = []
        self._current: Session | None = None

    def run(self, work: Callable[[Session], T], options: TransactionOptions = _USUAL, *, idempotent: bool = False) -> T:  # noqa: ARG002
        """Run *work*, and record how it ended."""
        if self._current is not None:
            return work(self._current)
        with Session() as session:
            self._current = session
            try:
                result = work(session)
                session.flush()
            except Exception as error:
                self.rolled_back.append(error)
                raise
            finally:
                self._current = None
        self.committed.append(result)
        return result


class FakeAsyncTransactions(AsyncTransactions, IdempotentTransactions):
    """The async version of `FakeTransactions`. It is also a fake of `IdempotentTransactions`."""

    def __init__(self) -> None:
        self.committed: list[Any] = []
        self.rolled_back: list[Exception] = []
        self._current: AsyncSession | None = None
        self._answers: dict[str, tuple[str, Any]] = {}

    async def run(
        self,
        work: Callable[[AsyncSession], Awaitable[T]],
        options: TransactionOptions = _USUAL,  # noqa: ARG002
        *,
        idempotent: bool = False,  # noqa: ARG002
    ) -> T:
        """Run *work*, and record how it ended."""
        if self._current is not None:
            return await work(self._current)
        self._current = AsyncSession()
        with closing(self._current.sync_session) as session:
            try:
                result = await work(self._current)
                session.flush()
            except Exception as error:
                self.rolled_back.append(error)
                raise
            finally:
                self._current = None
        self.committed.append(result)
        return result

    async def run_sync(
        self, work: Callable[[Session], T], options: TransactionOptions = _USUAL, *, idempotent: bool = False
    ) -> T:
        """Run *work*, a plain function of the session, and record how it ended."""

        async def unit(session: AsyncSession) -> T:
            return work(session.sync_session)

        return await self.run(unit, options, idempotent=idempotent)

    async def run_once(
        self, key: str | None, request: str, *, work: Callable[[Session], Made], find: Callable[[Session, int], Made]
    ) -> Made:
        """Run *work*. If *key* was used before, find what that call made, or raise the same refusal again."""
        if key is None:
            return await self.run_sync(work)
        return await self.run_sync(partial(self._answer, key=key, request=request, work=work, find=find))

    def _answer(
        self,
        session: Session,
        *,
        key: str,
        request: str,
        work: Callable[[Session], Made],
        find: Callable[[Session, int], Made],
    ) -> Made:
        if key not in self._answers:
            try:
                made = work(session)
            except (NotFoundError, ConflictError) as refusal:
                if refusal.kind.retry_after is None:
                    self._answers[key] = request, refusal
                raise
            self._answers[key] = request, made.id
            return made
        first_request, answer = self._answers[key]
        if request != first_request:
            raise KeyReusedError
        if isinstance(answer, Exception):
            raise answer
        return find(session, answer)
