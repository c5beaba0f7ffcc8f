"""Doing what a request asks for once, however often it comes."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sessionscope.database.columns import now
from sessionscope.database.errors import Violation, violation_of
from sessionscope.database.session import has_unsaved_changes
from sessionscope.errors import ConflictError, NotFoundError, ProblemType, ServiceError
from sessionscope.transactions.keys import IdempotencyKeyColumns, IdempotencyKeys
from sessionscope.transactions.options import TransactionOptions
from sessionscope.transactions.unit_of_work import AsyncTransactions, Transactions

__all__ = ["HasId", "IdempotencyKeyColumns", "IdempotentTransactions", "forget_keys"]


class HasId(Protocol):
    """What can be found again."""

    id: Any


T = TypeVar("T")
Made = TypeVar("Made", bound=HasId)
A_DAY: Final = 86_400
Refusal = NotFoundError | ConflictError


class IdempotentTransactions:
    """Runs units of work that a client may ask for again.

    Args:
        transactions: Where to run them.
        model: The mapped class of the keys: ``class IdempotencyKey(IdempotencyKeyColumns, Base)``.
        keep_seconds: A key that is older counts as new, whether or not it is deleted.
    """

    def __init__(
        self, transactions: AsyncTransactions, model: type[IdempotencyKeyColumns], keep_seconds: float = A_DAY
    ) -> None:
        self._transactions = transactions
        self._keys = IdempotencyKeys(model)
        self._keep_seconds = keep_seconds

    async def run_sync(self, work: Callable[[Session], T], options: TransactionOptions = TransactionOptions()) -> T:  # noqa: B008 - frozen
        """Run *work*, which no client asks for again; as `AsyncTransactions.run_sync`."""
        return await self._transactions.run_sync(work, options)

    async def run_once(
        self, key: str | None, request: str, *, work: Callable[[Session], Made], find: Callable[[Session, Any], Made]
    ) -> Made:
        """Return what *work* makes; with the same *key* again, return the same again and do nothing.

        The answer is kept in the transaction of the work: after a crash either both are there or none.
        A refusal is an answer too, so *work* refuses before it changes anything. An error class with a `kind` of its
        own is kept by that kind's code and its constructor's arguments, which are JSON or become texts; a subclass
        without one counts as its parent. A refusal with `ProblemType.retry_after`, which is not final, is not kept.

        Args:
            key: The client's; without one there is nothing to find again.
            request: What is asked for, as a text that is equal for equal requests.
            work: Makes something, whose `id` is its answer.
            find: Finds by its id what was made before. An id that is neither a number nor a text, such as a UUID,
                comes as its text.

        Raises:
            NotFoundError: What *work* said, now or the first time; `ConflictError` likewise. Also: what *work* made
                has been deleted.
            KeyReusedError: The key was used for another request.
            RequestInFlightError: The first request with this key has no answer yet.
        """
        if key is None:
            return await self._transactions.run_sync(work)
        unit = partial(self._unit, key=key, request=request, work=work, find=find)
        try:
            outcome = await self._transactions.run_sync(unit, idempotent=True)
        except IntegrityError as error:
            if violation_of(error) is not Violation.UNIQUE:
                raise
            # Another request with the same key was faster: its answer is there now.
            outcome = await self._transactions.run_sync(unit, idempotent=True)
        if isinstance(outcome, ServiceError):
            raise outcome
        return outcome

    def _unit(
        self,
        session: Session,
        *,
        key: str,
        request: str,
        work: Callable[[Session], Made],
        find: Callable[[Session, Any], Made],
    ) -> Made | ServiceError:
        answer = self._keys.claim(session, key, request, _expired(self._keep_seconds))
        if answer is not None:
            [(name, value)] = json.loads(answer).items()
            return find(session, value) if name == "made" else _rebuilt(name, value)
        try:
            made = work(session)
        except (NotFoundError, ConflictError) as refusal:
            kept = _kept(refusal)
            if kept is None or has_unsaved_changes(session):
                raise
            self._keys.answer(session, key, json.dumps(kept, default=str))
            return refusal
        self._keys.answer(session, key, json.dumps({"made": made.id}, default=str))
        return made


def forget_keys(
    transactions: Transactions, model: type[IdempotencyKeyColumns], keep_seconds: float, batch: int
) -> Iterator[int]:
    """Delete the keys that have expired, a batch in each transaction: no request has to wait for all of them.

    Yields:
        How many there were in each batch.
    """
    keys = IdempotencyKeys(model)
    found = batch
    while found == batch:
        found = transactions.run(partial(keys.delete, expired=_expired(keep_seconds), limit=batch))
        yield found


def _expired(keep_seconds: float) -> datetime:
    return now() - timedelta(seconds=keep_seconds)


def _kept(refusal: Refusal) -> dict[str, Any] | None:
    """Return *refusal* as JSON; None where it isn't final, or could not be made again from its arguments."""
    line = type(refusal).__mro__
    cls = next(each for each in line if "kind" in vars(each))
    is_like_its_parent = all(vars(each).keys().isdisjoint(("__init__", "__str__")) for each in line[: line.index(cls)])
    if refusal.kind.retry_after is not None or not is_like_its_parent:
        return None
    arguments: Any = refusal.args
    # The release before keeps a text alone, and may serve the same database for a while.
    if len(arguments) == 1 and isinstance(arguments[0], str):
        arguments = arguments[0]
    return {_name(refusal.kind): arguments}


def _rebuilt(name: str, value: Any) -> ServiceError:
    arguments: list[Any] = [value] if isinstance(value, str) else value
    for cls in _with_kinds(ServiceError):
        if _name(cls.kind) == name:
            return cls(*arguments)
    raise LookupError(f"an idempotency key has the answer {name!r}, but no error of that code is imported")


def _with_kinds(parent: type[ServiceError]) -> Iterator[type[ServiceError]]:
    """Yield the classes below *parent* that have a kind of their own."""
    for cls in parent.__subclasses__():
        if "kind" in vars(cls):
            yield cls
        yield from _with_kinds(cls)


def _name(kind: ProblemType) -> str:
    return kind.code.replace("-", "_")
