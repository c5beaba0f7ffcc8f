"""Column types that mean the same on every database."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Numeric, String, Text
from sqlalchemy.dialects.mysql import DATETIME, MEDIUMTEXT
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, microseconds kept: aware values in, UTC values out.

    SQLite and MySQL store no offset, so what is stored is always UTC.

    Raises:
        ValueError: A naive value is bound, whose moment nobody can know.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Ask MySQL for microseconds, which it drops unless told."""
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware value into UTC, without an offset where the database takes none."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"naive datetime {value!r}: give it a time zone, as datetime.now(UTC)"
            raise ValueError(message)
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn what is stored into an aware UTC value."""
        if value is None:
            return None
        if value.tzinfo is UTC:
            return value
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class ExactString(TypeDecorator[str]):
    """A text that is compared and sorted by its code points: capitals, accents and spaces at the end count.

    Each server has another default: MariaDB's takes ``Ann`` and ``ann `` for equal, PostgreSQL's sorts
    as the language of the system does.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Name the collation; SQLite's own is of this kind."""
        impl: Any = self.impl_instance
        collation = None
        if dialect.name == "postgresql":
            collation = "C"
        elif dialect.name in ("mysql", "mariadb"):
            # Neither server has the other's.
            collation = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
        return dialect.type_descriptor(String(impl.length, collation))


class LongText(TypeDecorator[str]):
    """A text of any length up to 16 MB, where MySQL's TEXT would end at 64 kB."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type that the database stores."""
        return dialect.type_descriptor(MEDIUMTEXT() if dialect.name in ("mysql", "mariadb") else Text())


class Money(TypeDecorator[Decimal]):
    """An exact amount with two decimals, up to 16 digits before the point.

    NUMERIC where the database has it; whole cents on SQLite, whose NUMERIC is a float.

    Raises:
        ValueError: An amount with more than two decimals is bound; nothing is rounded in silence.
    """

    impl = Numeric(18, 2)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type that the database stores."""
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else Numeric(18, 2))

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> Decimal | int | None:
        """Turn an amount into what the database stores."""
        if value is None:
            return None
        cents = Decimal(value).scaleb(2)
        if cents != cents.to_integral_value():
            message = f"{value} has more than two decimals"
            raise ValueError(message)
        return int(cents) if dialect.name == "sqlite" else cents.scaleb(-2)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Turn what is stored into an amount with two decimals."""
        if value is None:
            return None
        return Decimal(value).scaleb(-2) if dialect.name == "sqlite" else Decimal(value)
