"""Columns that several tables have."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from sqlalchemy.orm import Mapped, mapped_column

from sessionscope.database.types import UtcDateTime

# For the `__table_args__` of each table with such a key. SQLite would give the id of a deleted row again.
IDS_ONCE: Final[dict[str, Any]] = {"sqlite_autoincrement": True}
Key = Annotated[int, mapped_column(primary_key=True)]


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


class Timestamps:
    """When a row was made and when it last changed, in UTC."""

    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
