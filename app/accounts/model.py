"""The mapped class of accounts."""

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from sessionscope.database.base import Base
from sessionscope.database.columns import IDS_ONCE, Key, Timestamps
from sessionscope.database.types import Money


class Account(Timestamps, Base):
    """An account. Its balance is never below zero, and its owner can't be deleted."""

    __tablename__ = "accounts"
    __table_args__ = (CheckConstraint("balance >= 0", name="balance"), IDS_ONCE)

    id: Mapped[Key]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    balance: Mapped[Decimal] = mapped_column(Money)
