"""Columns that many tables have."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from sqlalchemy.orm import Mapped, mapped_column

from sessionscope.database.types import UtcDateTime

# For the `__table_args__` of each table with such a key. Otherwise, SQLite reuses the ids of deleted rows.
IDS_ONCE: Final[dict[str, Any]] = {"sqlite_autoincrement": True}
Key = Annotated[int, mapped_column(primary_key=True)]
# Random, so clients can't guess the keys of other rows, and no database has to be asked for the next one.
UuidKey = Annotated[UUID, mapped_column(primary_key=True, default=uuid4)]


def now() -> datetime:
    """Return the current time as an aware datetime in UTC."""
    return datetime.now(UTC)


class Timestamps:
    """The timestamps of a row's creation and of its last change, in UTC."""

    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
