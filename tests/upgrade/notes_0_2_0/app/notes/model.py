"""The mapped class of notes."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sessionscope.database import Base
from sessionscope.database.columns import IDS_ONCE, Key, Timestamps


class Note(Timestamps, Base):
    """A note."""

    __tablename__ = "notes"
    __table_args__ = (IDS_ONCE,)

    id: Mapped[Key]
    title: Mapped[str] = mapped_column(String(200), index=True)
    content: Mapped[str] = mapped_column(Text)
