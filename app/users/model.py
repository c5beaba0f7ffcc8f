"""A person who writes posts and owns accounts."""

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column, validates

from app.users.names import LONGEST_FOLDED, fold_name
from sessionscope.database.base import Base
from sessionscope.database.columns import IDS_ONCE, Key, Timestamps
from sessionscope.database.types import ExactString


class Role(StrEnum):
    """What a user may do."""

    USER = "user"
    EDITOR = "editor"
    ADMIN = "admin"


def _folded(context: Any) -> str:
    return fold_name(context.get_current_parameters()["username"])


class User(Timestamps, Base):
    """A user; email and username are unique.

    Attributes:
        username: As the user writes it.
        username_key: What usernames are compared by, `fold_name` of it, filled in by itself; an UPDATE statement that
            changes a username must set it too. None where a release before migration 0004 wrote the row: a later
            migration fills it, and makes the column required.
    """

    __tablename__ = "users"
    __table_args__ = (
        # Text and a check instead of an ENUM: a new role is one small migration on every database.
        CheckConstraint("role IN ('user', 'editor', 'admin')", name="role"),
        # The order of the list: newest first, ties by id.
        Index(None, "created_at", "id"),
        IDS_ONCE,
    )

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(ExactString(254), unique=True)
    username: Mapped[str] = mapped_column(ExactString(64), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(default=True)
    role: Mapped[str] = mapped_column(ExactString(16), default=Role.USER, index=True)
    # The last column, where the migration has put it.
    username_key: Mapped[str | None] = mapped_column(
        ExactString(LONGEST_FOLDED), unique=True, index=True, default=_folded, sort_order=1
    )

    @validates("username")
    def _fold(self, _: str, username: str) -> str:
        self.username_key = fold_name(username)
        return username
