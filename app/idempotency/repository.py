"""Idempotency keys in the database."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.idempotency.model import IdempotencyKey
from sessionscope.database.columns import now
from sessionscope.database.errors import Failure, failure_of
from sessionscope.database.locks import insert_at_once, try_lock
from sessionscope.errors import KeyReusedError, RequestInFlightError

_TABLE: Final[Any] = IdempotencyKey.__table__


class IdempotencyKeyRepository:
    """Finds and keeps the answers to requests that may come again, through one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def claim(self, key: str, request: str, expired: datetime) -> str | None:
        """Return the answer that *key* has; None where it is new or expired, and then the key is this transaction's.

        Args:
            key: As the client wrote it.
            request: What is asked for, as a text that is equal for equal requests.
            expired: Keys that are not newer than this count as new.

        Raises:
            KeyReusedError: The key was used for another request.
            RequestInFlightError: Another transaction is about to answer it, or has just renewed or deleted it.
            IntegrityError: Another one has just done so: the next run of the unit of work finds it.
        """
        digest = _digest(key)
        free = select(try_lock(int(digest[:15], 16)).label("free")).subquery()
        look = select(free.c.free, IdempotencyKey.request, IdempotencyKey.answer, IdempotencyKey.created_at)
        row = self._session.execute(look.outerjoin_from(free, IdempotencyKey, _TABLE.c.key == digest)).one()
        if not row.free:
            raise RequestInFlightError
        if row.request is None:
            self._insert(digest, request)
            return None
        if row.created_at <= expired:
            self._renew(digest, request, row.created_at)
            return None
        if row.request != _digest(request):
            raise KeyReusedError
        answer: str | None = row.answer
        return answer

    def answer(self, key: str, answer: str) -> None:
        """Write down the answer to the request that has *key*."""
        statement = update(IdempotencyKey).where(IdempotencyKey.key == _digest(key)).values(answer=answer)
        self._session.execute(statement, execution_options={"synchronize_session": False})

    def delete(self, expired: datetime, limit: int) -> int:
        """Delete the oldest keys that are not newer than *expired*, *limit* at most; return how many there were."""
        is_expired = IdempotencyKey.created_at <= expired
        oldest = select(IdempotencyKey.key).where(is_expired).order_by(IdempotencyKey.created_at).limit(limit)
        keys = list(self._session.scalars(oldest))
        # One of them may have been renewed meanwhile.
        self._session.execute(delete(_TABLE).where(_TABLE.c.key.in_(keys), _TABLE.c.created_at <= expired))
        return len(keys)

    def _insert(self, digest: str, request: str) -> None:
        values = {"key": digest, "request": _digest(request), "created_at": now()}
        with _at_once():
            self._session.execute(insert_at_once(_TABLE).values(values))

    def _renew(self, digest: str, request: str, created_at: datetime) -> None:
        is_as_seen = (_TABLE.c.key == digest) & (_TABLE.c.created_at == created_at)
        # Where the snapshot of the transaction is older than somebody's renewal, the lock still sees that.
        with _at_once():
            row = self._session.execute(select(_TABLE.c.key).where(is_as_seen).with_for_update(nowait=True)).first()
        if row is None:
            raise RequestInFlightError
        values = {"request": _digest(request), "answer": None, "created_at": now()}
        self._session.execute(update(_TABLE).where(is_as_seen).values(values))


@contextmanager
def _at_once() -> Generator[None, None, None]:
    """Refuse where the block would have to wait for another request with the same key."""
    try:
        yield
    except DBAPIError as error:
        if failure_of(error) is Failure.LOCK_TIMEOUT:
            # Not "from": a refusal is not to be taken for the lock timeout, and run again.
            raise RequestInFlightError from None
        raise


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
