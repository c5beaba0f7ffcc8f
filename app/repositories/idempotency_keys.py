"""Idempotency keys in the database."""

from hashlib import sha256
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.database.errors import Failure, failure_of
from app.database.locks import insert_at_once, try_lock
from app.errors import KeyReusedError, RequestInFlightError
from app.models.columns import now
from app.models.idempotency_key import IdempotencyKey

_TABLE: Final[Any] = IdempotencyKey.__table__


class IdempotencyKeyRepository:
    """Finds and keeps the answers to requests that may come again, through one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def claim(self, key: str, request: str) -> str | None:
        """Return the answer that *key* has; None where it is new, and then the key is this transaction's.

        Args:
            key: As the client wrote it.
            request: What is asked for, as a text that is equal for equal requests.

        Raises:
            KeyReusedError: The key was used for another request.
            RequestInFlightError: Another transaction is about to answer it.
            IntegrityError: Another one has just done so: the next run of the unit of work finds it.
        """
        digest = _digest(key)
        free = select(try_lock(int(digest[:15], 16)).label("free")).subquery()
        look = select(free.c.free, IdempotencyKey.request, IdempotencyKey.answer)
        row = self._session.execute(look.outerjoin_from(free, IdempotencyKey, _TABLE.c.key == digest)).one()
        if not row.free:
            raise RequestInFlightError
        if row.request is None:
            self._insert(digest, request)
        elif row.request != _digest(request):
            raise KeyReusedError
        answer: str | None = row.answer
        return answer

    def answer(self, key: str, answer: str) -> None:
        """Write down the answer to the request that has *key*."""
        statement = update(IdempotencyKey).where(IdempotencyKey.key == _digest(key)).values(answer=answer)
        self._session.execute(statement, execution_options={"synchronize_session": False})

    def _insert(self, digest: str, request: str) -> None:
        values = {"key": digest, "request": _digest(request), "created_at": now()}
        try:
            self._session.execute(insert_at_once(_TABLE).values(values))
        except DBAPIError as error:
            if failure_of(error) is Failure.LOCK_TIMEOUT:
                # Not "from": a refusal is not to be taken for the lock timeout, and run again.
                raise RequestInFlightError from None
            raise


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
