"""Field types refuse values that a database can't store, and change nothing else."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sessionscope.reading.fields import Amount, Balance, TimestampInText

AMOUNT: TypeAdapter[Decimal] = TypeAdapter(Amount)
BALANCE: TypeAdapter[Decimal] = TypeAdapter(Balance)
TIMESTAMP: TypeAdapter[datetime] = TypeAdapter(TimestampInText)


class TestMoney:
    @pytest.mark.parametrize("value", ["0.01", "1", 1, 2**53 - 1, Decimal("1.50"), "9999999999999999.99"], ids=repr)
    def test_what_is_exact_is_taken_as_it_is(self, value: Any) -> None:
        """A string, a whole number, a Decimal."""
        assert Decimal(value) == AMOUNT.validate_python(value)

    @pytest.mark.parametrize(
        "value", [1.5, 1.0, 2**53, float("nan"), "1e3", "+1", ".5", "5.", "1 000", "\u0661", "0.001"], ids=repr
    )
    def test_inexact_money_is_refused(self, value: Any) -> None:
        """A float has lost digits already; other spellings are for programs to guess."""
        with pytest.raises(ValidationError):
            AMOUNT.validate_python(value)

    @pytest.mark.parametrize("value", ["0", "-0", "-0.00"])
    def test_zero_has_no_sign(self, value: str) -> None:
        """A balance is never shown as -0.00."""
        assert "0.00" == f"{BALANCE.validate_python(value):.2f}"


class TestTimestamp:
    def test_timestamp_is_utc(self) -> None:
        """The same time, whatever its offset was."""
        assert datetime(2026, 1, 31, 10, tzinfo=UTC) == TIMESTAMP.validate_python("2026-01-31T12:00:00+02:00")
        assert UTC == TIMESTAMP.validate_python("2026-01-31T12:00:00+02:00").tzinfo

    @pytest.mark.parametrize("value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-31T12:00:00"])
    def test_one_that_utc_does_not_have_is_none(self, value: str) -> None:
        """A timestamp outside the supported years in UTC is refused."""
        with pytest.raises(ValidationError):
            TIMESTAMP.validate_python(value)
