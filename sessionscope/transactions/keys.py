"""Idempotency keys in the database."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import String, Text, delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column

from sessionscope.database.columns import now
from sessionscope.database.errors import Failure, failure_of
from sessionscope.database.locks import insert_at_once, try_lock
from sessionscope.database.types import UtcDateTime
from sessionscope.errors import KeyReusedError, RequestInFlightError


class IdempotencyKeyColumns:
    """A key that a client gave a request, with the answer to it; written in the transaction of the answer.

    Attributes:
        key: SHA-256 of the key, hexadecimal: any text has one, and every database compares it alike.
        request: SHA-256 of what was asked for: the same key for something else is a mistake.
        answer: JSON: what was made, or why it was refused; None only inside the transaction that finds out.
    """

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    request: Mapped[str] = mapped_column(String(64))
    answer: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)


class IdempotencyKeys:
    """Finds and keeps the answers to requests that may come again.

    Args:
        model: The mapped class of the keys.
    """

    def __init__(self, model: type[IdempotencyKeyColumns]) -> None:
        self._model = model
        self._table = cast("Any", model).__table__

    def claim(self, session: Session, key: str, request: str, expired: datetime) -> str | None:
        """Return the answer that *key* has; None where it is new or expired, and then the key is this transaction's.

        Args:
            session: In the transaction of the request.
            key: As the client wrote it.
            request: What is asked for, as a text that is equal for equal requests.
            expired: Keys that are not newer than this count as new.

        Raises:
            KeyReusedError: The key was used for another request.
            RequestInFlightError: Another transaction is about to answer it, or has just renewed or deleted it.
            IntegrityError: Another one has just done so: the next run of the unit of work finds it.
        """
        digest, row = _digest(key), self._table.c
        free = select(try_lock(int(digest[:15], 16)).label("free")).subquery()
        look = select(free.c.free, row.request, row.answer, row.created_at)
        found = session.execute(look.outerjoin_from(free, self._table, row.key == digest)).one()
        if not found.free:
            raise RequestInFlightError
        if found.request is None:
            self._insert(session, digest, request)
            return None
        if found.created_at <= expired:
            self._renew(session, digest, request, found.created_at)
            return None
        if found.request != _digest(request):
            raise KeyReusedError
        answer: str | None = found.answer
        return answer

    def answer(self, session: Session, key: str, answer: str) -> None:
        """Write down the answer to the request that has *key*."""
        statement = update(self._model).where(self._table.c.key == _digest(key)).values(answer=answer)
        session.execute(statement, execution_options={"synchronize_session": False})

    def delete(self, session: Session, expired: datetime, limit: int) -> int:
        """Delete the oldest keys that are not newer than *expired*, *limit* at most; return how many there were."""
        row = self._table.c
        is_expired = row.created_at <= expired
        keys = list(session.scalars(select(row.key).where(is_expired).order_by(row.created_at).limit(limit)))
        # One of them may have been renewed meanwhile.
        session.execute(delete(self._table).where(row.key.in_(keys), is_expired))
        return len(keys)

    def _insert(self, session: Session, digest: str, request: str) -> None:
        values = {"key": digest, "request": _digest(request), "created_at": now()}
        with _at_once():
            session.execute(insert_at_once(self._table).values(values))

    def _renew(self, session: Session, digest: str, request: str, created_at: datetime) -> None:
        row = self._table.c
        is_as_seen = (row.key == digest) & (row.created_at == created_at)
        # Where the snapshot of the transaction is older than somebody's renewal, the lock still sees that.
        with _at_once():
            seen = session.execute(select(row.key).where(is_as_seen).with_for_update(nowait=True)).first()
        if seen is None:
            raise RequestInFlightError
        values = {"request": _digest(request), "answer": None, "created_at": now()}
        session.execute(update(self._table).where(is_as_seen).values(values))


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
