"""The tables and bodies of the peers: plain SQLAlchemy and pydantic, as most services have them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from sqlalchemy import BigInteger, Boolean, DateTime, Dialect, ForeignKey, Numeric, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class _Utc(TypeDecorator[datetime]):
    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        return value.replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        return value.replace(tzinfo=UTC)


class _Cents(TypeDecorator[Decimal]):
    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        return int(value * 100)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        return Decimal(value).scaleb(-2)


# Our tables on SQLite hold naive timestamps and cents; on PostgreSQL the plain types cost nothing.
TIMESTAMP: Final = DateTime(timezone=True).with_variant(_Utc(), "sqlite")
MONEY: Final = Numeric(18, 2).with_variant(_Cents(), "sqlite")


def now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    role: Mapped[str] = mapped_column(String(16), default="user")
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP, default=now)
    updated_at: Mapped[datetime] = mapped_column(TIMESTAMP, default=now, onupdate=now)


class Account(Base):
    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    balance: Mapped[Decimal] = mapped_column(MONEY)
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP, default=now)
    updated_at: Mapped[datetime] = mapped_column(TIMESTAMP, default=now, onupdate=now)


class Transfer(Base):
    __tablename__ = "transfers"

    id: Mapped[int] = mapped_column(primary_key=True)
    from_account: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    to_account: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    amount: Mapped[Decimal] = mapped_column(MONEY)
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP, default=now)


class ResponseBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class UserOut(ResponseBody):
    id: int
    email: str
    username: str
    is_active: bool
    role: str
    created_at: datetime
    updated_at: datetime


class UserPage(ResponseBody):
    items: list[UserOut]
    total: int
    limit: int
    offset: int


class PageQuery(BaseModel):
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    offset: Annotated[int, Field(ge=0)] = 0


class TransferIn(BaseModel):
    from_account: int
    to_account: int
    amount: Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=2)]


class TransferOut(ResponseBody):
    id: int
    from_account: int
    to_account: int
    amount: Annotated[Decimal, PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str)]
    created_at: datetime
