"""Column types mean the same on every database."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Dialect
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.types import TypeEngine

from sessionscope.database.types import Money, UtcDateTime

DIALECTS: list[Dialect] = [sqlite.dialect(), postgresql.dialect(), mysql.dialect()]  # type: ignore[no-untyped-call]
TIMESTAMP = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def stored_as(column: TypeEngine[Any], dialect: Dialect) -> str:
    """Return the type's name in DDL."""
    return column.compile(dialect=dialect)


@every_dialect
class TestUtcDateTime:
    def test_timestamp_comes_back_unchanged(self, dialect: Dialect) -> None:
        """Microseconds are kept, and what comes out is UTC."""
        stored = UtcDateTime().process_bind_param(TIMESTAMP, dialect)
        read = UtcDateTime().process_result_value(stored, dialect)
        assert TIMESTAMP == read
        assert read is not None
        assert UTC == read.tzinfo

    def test_another_offset_is_the_same_timestamp(self, dialect: Dialect) -> None:
        """A timestamp is stored in UTC, whatever its offset was."""
        there = TIMESTAMP.astimezone(timezone(timedelta(hours=-9, minutes=-30)))
        stored = [UtcDateTime().process_bind_param(value, dialect) for value in (TIMESTAMP, there)]
        assert stored[0] == stored[1]

    def test_a_naive_value_is_refused(self, dialect: Dialect) -> None:
        """Its offset can't be known."""
        with pytest.raises(ValueError, match="time zone"):
            UtcDateTime().process_bind_param(TIMESTAMP.replace(tzinfo=None), dialect)

    def test_null_stays_null(self, dialect: Dialect) -> None:
        """None stays None."""
        assert UtcDateTime().process_bind_param(None, dialect) is None
        assert UtcDateTime().process_result_value(None, dialect) is None


@every_dialect
class TestMoney:
    @pytest.mark.parametrize("text", ["0.00", "0.01", "-0.01", "74.50", "9999999999999999.99"])
    def test_an_amount_comes_back_as_it_was(self, dialect: Dialect, text: str) -> None:
        """Exact to the cent, up to the largest amount, always with two decimals."""
        stored = Money().process_bind_param(Decimal(text), dialect)
        assert not isinstance(stored, float)
        assert text == str(Money().process_result_value(stored, dialect))

    @pytest.mark.parametrize("value", [Decimal("0.001"), Decimal("1E-30"), Decimal("1.005")], ids=str)
    def test_more_than_two_decimals_are_refused(self, dialect: Dialect, value: Decimal) -> None:
        """Nothing is rounded in silence."""
        with pytest.raises(ValueError, match="two decimals"):
            Money().process_bind_param(value, dialect)

    def test_whole_numbers_are_amounts(self, dialect: Dialect) -> None:
        """An int means that many units, not cents."""
        stored = Money().process_bind_param(7, dialect)
        assert Decimal("7.00") == Money().process_result_value(stored, dialect)

    def test_null_stays_null(self, dialect: Dialect) -> None:
        """None stays None."""
        assert Money().process_bind_param(None, dialect) is None
        assert Money().process_result_value(None, dialect) is None


class TestStorage:
    @pytest.mark.parametrize(
        ("dialect", "money", "timestamp"),
        [
            (DIALECTS[0], "BIGINT", "DATETIME"),
            (DIALECTS[1], "NUMERIC(18, 2)", "TIMESTAMP WITH TIME ZONE"),
            (DIALECTS[2], "NUMERIC(18, 2)", "DATETIME(6)"),
        ],
        ids=["sqlite", "postgresql", "mysql"],
    )
    def test_each_database_has_a_type_that_is_exact(self, dialect: Dialect, money: str, timestamp: str) -> None:
        """Never a float, and never whole seconds."""
        assert (money, timestamp) == (stored_as(Money(), dialect), stored_as(UtcDateTime(), dialect))
