"""A person who writes posts and owns accounts."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base
from app.database.types import ExactString
from app.models.columns import IDS_ONCE, Key, Timestamps


class Role(StrEnum):
    """What a user may do."""

    USER = "user"
    EDITOR = "editor"
    ADMIN = "admin"


class User(Timestamps, Base):
    """A user; email and username are unique."""

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
