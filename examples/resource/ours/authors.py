"""The table that books refer to. A service has it already."""

from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from sessionscope.database.columns import IDS_ONCE, Key


class Base(DeclarativeBase):
    """Base class of the mapped classes."""


class Author(Base):
    """An author of books."""

    __tablename__ = "authors"
    __table_args__ = (IDS_ONCE,)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(100))
