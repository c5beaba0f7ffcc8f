"""Doing what a request asks for once, however often it comes."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.idempotency.repository import IdempotencyKeyRepository
from app.transfers.errors import InsufficientFundsError
from sessionscope.database.columns import now
from sessionscope.database.errors import Violation, violation_of
from sessionscope.database.session import has_unsaved_changes
from sessionscope.errors import ConflictError, NotFoundError
from sessionscope.transactions.unit_of_work import AsyncTransactions, Transactions


class HasId(Protocol):
    """What can be found again."""

    id: Any


T = TypeVar("T", bound=HasId)
A_DAY: Final = 86_400
Refusal = NotFoundError | ConflictError


class IdempotentTransactions:
    """Runs units of work that a client may ask for again.

    Args:
        transactions: Where to run them.
        keep_seconds: A key that is older counts as new, whether or not it is deleted.
    """

    def __init__(self, transactions: AsyncTransactions, keep_seconds: float = A_DAY) -> None:
        self._transactions = transactions
        self._keep_seconds = keep_seconds

    async def run_once(
        self, key: str | None, request: str, *, work: Callable[[Session], T], find: Callable[[Session, int], T]
    ) -> T:
        """Return what *work* makes; with the same *key* again, return the same again and do nothing.

        The answer is kept in the transaction of the work: after a crash either both are there or none.
        A refusal is an answer too, so *work* refuses before it changes anything.

        Args:
            key: The client's; without one there is nothing to find again.
            request: What is asked for, as a text that is equal for equal requests.
            work: Makes something, whose `id` is its answer.
            find: Finds by its id what was made before.

        Raises:
            NotFoundError: What *work* said, now or the first time; `ConflictError` likewise. Also: what *work* made
                has been deleted.
            KeyReusedError: The key was used for another request.
            RequestInFlightError: The first request with this key has no answer yet.
        """
        if key is None:
            return await self._transactions.run_sync(work)

        def unit(session: Session) -> T | Refusal:
            keys = IdempotencyKeyRepository(session)
            answer = keys.claim(key, request, _expired(self._keep_seconds))
            if answer is not None:
                return _again(json.loads(answer), session, find)
            try:
                made = work(session)
            except (NotFoundError, ConflictError) as refusal:
                if has_unsaved_changes(session):
                    raise
                keys.answer(key, json.dumps(_written(refusal)))
                return refusal
            keys.answer(key, json.dumps({"made": made.id}))
            return made

        try:
            outcome = await self._transactions.run_sync(unit, idempotent=True)
        except IntegrityError as error:
            if violation_of(error) is not Violation.UNIQUE:
                raise
            # Another request with the same key was faster: its answer is there now.
            outcome = await self._transactions.run_sync(unit, idempotent=True)
        if isinstance(outcome, NotFoundError | ConflictError):
            raise outcome
        return outcome


def forget_keys(transactions: Transactions, keep_seconds: float, batch: int) -> Iterator[int]:
    """Delete the keys that have expired, a batch in each transaction: no request has to wait for all of them.

    Yields:
        How many there were in each batch.
    """
    found = batch
    while found == batch:
        found = transactions.run(partial(_forget, expired=_expired(keep_seconds), batch=batch))
        yield found


def _forget(session: Session, expired: datetime, batch: int) -> int:
    return IdempotencyKeyRepository(session).delete(expired, batch)


def _expired(keep_seconds: float) -> datetime:
    return now() - timedelta(seconds=keep_seconds)


def _written(refusal: Refusal) -> dict[str, Any]:
    if isinstance(refusal, NotFoundError):
        return {"not_found": [refusal.what, refusal.key]}
    if isinstance(refusal, InsufficientFundsError):
        return {"insufficient_funds": [refusal.account_id]}
    return {"conflict": str(refusal)}


def _again(answer: dict[str, Any], session: Session, find: Callable[[Session, int], T]) -> T | Refusal:
    if "not_found" in answer:
        return NotFoundError(*answer["not_found"])
    if "insufficient_funds" in answer:
        return InsufficientFundsError(*answer["insufficient_funds"])
    if "conflict" in answer:
        return ConflictError(answer["conflict"])
    return find(session, answer["made"])
