"""Doing what a request asks for once, however often it comes."""

import json
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database.errors import Violation, violation_of
from app.database.session import has_unsaved_changes
from app.database.unit_of_work import AsyncTransactions
from app.errors import ConflictError, NotFoundError
from app.repositories.idempotency_keys import IdempotencyKeyRepository


class HasId(Protocol):
    """What can be found again."""

    id: Any


T = TypeVar("T", bound=HasId)
Refusal = NotFoundError | ConflictError


async def run_once(
    transactions: AsyncTransactions,
    key: str,
    request: str,
    *,
    work: Callable[[Session], T],
    find: Callable[[Session, int], T],
) -> T:
    """Return what *work* makes; with the same *key* again, return the same again and do nothing.

    The answer is kept in the transaction of the work: after a crash either both are there or none.
    A refusal is an answer too, so *work* refuses before it changes anything.

    Args:
        transactions: Where to run it.
        key: The client's.
        request: What is asked for, as a text that is equal for equal requests.
        work: Makes something, whose `id` is its answer.
        find: Finds by its id what was made before.

    Raises:
        NotFoundError: What *work* said, now or the first time; `ConflictError` likewise.
        KeyReusedError: The key was used for another request.
        RequestInFlightError: The first request with this key has no answer yet.
    """

    def unit(session: Session) -> T | Refusal:
        keys = IdempotencyKeyRepository(session)
        answer = keys.claim(key, request)
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
        outcome = await transactions.run_sync(unit, idempotent=True)
    except IntegrityError as error:
        if violation_of(error) is not Violation.UNIQUE:
            raise
        # Somebody with the same key was a moment faster: their answer is there now.
        outcome = await transactions.run_sync(unit, idempotent=True)
    if isinstance(outcome, NotFoundError | ConflictError):
        raise outcome
    return outcome


def _written(refusal: Refusal) -> dict[str, Any]:
    if isinstance(refusal, NotFoundError):
        return {"not_found": [refusal.kind, refusal.key]}
    return {"conflict": str(refusal)}


def _again(answer: dict[str, Any], session: Session, find: Callable[[Session, int], T]) -> T | Refusal:
    if "not_found" in answer:
        return NotFoundError(*answer["not_found"])
    if "conflict" in answer:
        return ConflictError(answer["conflict"])
    return find(session, answer["made"])
