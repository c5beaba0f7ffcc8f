"""The mapped class of books."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from examples.resource.ours.authors import Author, Base
from sessionscope.database.columns import IDS_ONCE, Key, Timestamps


class Book(Timestamps, Base):
    """A book, with a unique ISBN."""

    __tablename__ = "books"
    __table_args__ = (IDS_ONCE,)

    id: Mapped[Key]
    title: Mapped[str] = mapped_column(String(200), index=True)
    isbn: Mapped[str] = mapped_column(String(13), unique=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"), index=True)
    author: Mapped[Author] = relationship(lazy="raise")
