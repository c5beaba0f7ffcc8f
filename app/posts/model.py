"""The mapped class of posts."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.users.model import User
from sessionscope.database.base import Base
from sessionscope.database.columns import IDS_ONCE, Key, Timestamps
from sessionscope.database.types import ExactString, LongText


class Post(Timestamps, Base):
    """A post, which is deleted with its author."""

    __tablename__ = "posts"
    __table_args__ = (IDS_ONCE,)

    id: Mapped[Key]
    title: Mapped[str] = mapped_column(ExactString(200))
    content: Mapped[str] = mapped_column(LongText)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    # Lazy loading would send a query for each post, so each query has to ask for authors.
    author: Mapped[User] = relationship(lazy="raise")
