"""Something that a user wrote."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.users.model import User
from sessionscope.database.base import Base
from sessionscope.database.columns import IDS_ONCE, Key, Timestamps
from sessionscope.database.types import ExactString, LongText


class Post(Timestamps, Base):
    """A post; it goes when its author goes."""

    __tablename__ = "posts"
    __table_args__ = (IDS_ONCE,)

    id: Mapped[Key]
    title: Mapped[str] = mapped_column(ExactString(200))
    content: Mapped[str] = mapped_column(LongText)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    # Loading it by accident would be a query per post; a query says when it wants authors.
    author: Mapped[User] = relationship(lazy="raise")
