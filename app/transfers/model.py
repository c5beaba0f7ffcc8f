"""The mapped class of transfers."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from sessionscope.database.base import Base
from sessionscope.database.columns import IDS_ONCE, Key, now
from sessionscope.database.types import Money, UtcDateTime


class Transfer(Base):
    """A completed transfer. Rows are never changed."""

    __tablename__ = "transfers"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("from_account <> to_account", name="accounts"),
        IDS_ONCE,
    )

    id: Mapped[Key]
    from_account: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="RESTRICT"), index=True)
    to_account: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="RESTRICT"), index=True)
    amount: Mapped[Decimal] = mapped_column(Money)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
