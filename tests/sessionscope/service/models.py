"""The tables of the tests' own service."""

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from sessionscope.database.base import NAMING_CONVENTION
from sessionscope.database.columns import IDS_ONCE, Key, Timestamps
from sessionscope.database.types import ExactString, LongText, Money


class Base(DeclarativeBase):
    """A base of its own: another service may have tables of the same names in this process."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class User(Timestamps, Base):
    """A user; email and username are unique."""

    __tablename__ = "users"
    __table_args__ = (IDS_ONCE,)

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(ExactString(254), unique=True)
    username: Mapped[str] = mapped_column(ExactString(64), unique=True)


class Post(Timestamps, Base):
    """A post. It is deleted with its author."""

    __tablename__ = "posts"
    __table_args__ = (IDS_ONCE,)

    id: Mapped[Key]
    title: Mapped[str] = mapped_column(ExactString(200))
    content: Mapped[str] = mapped_column(LongText)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)


class Account(Timestamps, Base):
    """An account, whose balance is never below zero; a user who has one can't be deleted."""

    __tablename__ = "accounts"
    __table_args__ = (CheckConstraint("balance >= 0", name="balance"), IDS_ONCE)

    id: Mapped[Key]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    balance: Mapped[Decimal] = mapped_column(Money)
