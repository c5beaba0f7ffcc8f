"""Column types that mean the same on every database."""

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import DateTime, Dialect, Numeric, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from sessionscope.database.backends import BACKENDS
from sessionscope.database.backends.column_types import ColumnTypes

# A dialect without a backend is that of `str()`, which shows standard SQL.
_TYPES: Final = defaultdict(ColumnTypes, {name: backend.types for name, backend in BACKENDS.items()})


class UtcDateTime(TypeDecorator[datetime]):
    """A timestamp with microseconds. It takes aware values and returns them in UTC.

    SQLite and MySQL store no offset, so the stored value is always in UTC.

    Raises:
        ValueError: A naive value is bound, whose offset can't be known.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type that the database stores."""
        return dialect.type_descriptor(_TYPES[dialect.name].timestamp)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware value into UTC, without an offset if the database stores none."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"naive datetime {value!r}: give it a time zone, as in datetime.now(UTC)"
            raise ValueError(message)
        value = value.astimezone(UTC)
        return value if _TYPES[dialect.name].keeps_offset else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn the stored value into an aware value in UTC."""
        if value is None:
            return None
        if value.tzinfo is UTC:
            return value
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class ExactString(TypeDecorator[str]):
    """A text that is compared and sorted by code points: case, accents and trailing spaces make a difference.

    Each server has another default. For MariaDB, ``Ann`` and ``ann `` are equal; PostgreSQL sorts by the rules of
    the system's language.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Add the collation, unless the database's default collation already compares code points."""
        impl: Any = self.impl_instance
        return dialect.type_descriptor(String(impl.length, _TYPES[dialect.name].exact_collation(dialect)))


class LongText(TypeDecorator[str]):
    """A text of up to 16 MB; MySQL's TEXT has room for 64 kB only."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type that the database stores."""
        return dialect.type_descriptor(_TYPES[dialect.name].long_text)


class Money(TypeDecorator[Decimal]):
    """An exact amount with two decimals, and up to 16 digits before the point.

    It is stored as NUMERIC, but on SQLite, whose NUMERIC is a float, as whole cents.

    Raises:
        ValueError: An amount with more than two decimals is bound. Amounts are never rounded silently.
    """

    impl = Numeric(18, 2)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type that the database stores."""
        return dialect.type_descriptor(_TYPES[dialect.name].money)

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> Decimal | int | None:
        """Turn an amount into the stored value."""
        if value is None:
            return None
        cents = Decimal(value).scaleb(2)
        if cents != cents.to_integral_value():
            message = f"{value} has more than two decimals"
            raise ValueError(message)
        return int(cents) if _TYPES[dialect.name].counts_cents else cents.scaleb(-2)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Turn the stored value into an amount with two decimals."""
        if value is None:
            return None
        return Decimal(value).scaleb(-2) if _TYPES[dialect.name].counts_cents else Decimal(value)
