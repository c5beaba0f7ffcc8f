"""The mapped class of users, who write posts and own accounts."""

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
    """A user. Email addresses and usernames are unique.

    Attributes:
        username: The username as it was written.
        username_key: The form by which usernames are compared: `fold_name` of the username. This class sets it; an
            UPDATE statement that changes a username must set it too. It is None if a release before migration 0004
            wrote the row. A later migration will fill it and make the column required.
    """

    __tablename__ = "users"
    __table_args__ = (
        # With text and a check instead of an ENUM, a new role takes one small migration on every database.
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
    # sort_order makes it the last column, where the migration adds it.
    username_key: Mapped[str | None] = mapped_column(
        ExactString(LONGEST_FOLDED), unique=True, index=True, default=_folded, sort_order=1
    )

    @validates("username")
    def _fold(self, _: str, username: str) -> str:
        self.username_key = fold_name(username)
        return username
