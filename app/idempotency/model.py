"""What became of a request that a client may send again."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sessionscope.database.base import Base
from sessionscope.database.columns import now
from sessionscope.database.types import UtcDateTime


class IdempotencyKey(Base):
    """A key that a client gave a request, with the answer to it; written in the transaction of the answer.

    Attributes:
        key: SHA-256 of the key, hexadecimal: any text has one, and every database compares it alike.
        request: SHA-256 of what was asked for: the same key for something else is a mistake.
        answer: JSON: what was made, or why it was refused; None only inside the transaction that finds out.
    """

    __tablename__ = "idempotency_keys"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    request: Mapped[str] = mapped_column(String(64))
    answer: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
