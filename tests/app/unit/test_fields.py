"""Field types refuse what no database keeps, and change nothing else."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.fields import Email, Username
from sessionscope.reading.fields import Amount, Balance, MomentInText

AMOUNT: TypeAdapter[Decimal] = TypeAdapter(Amount)
BALANCE: TypeAdapter[Decimal] = TypeAdapter(Balance)
MOMENT: TypeAdapter[datetime] = TypeAdapter(MomentInText)
EMAIL: TypeAdapter[str] = TypeAdapter(Email)
USERNAME: TypeAdapter[str] = TypeAdapter(Username)


class TestMoney:
    @pytest.mark.parametrize("value", ["0.01", "1", 1, 2**53 - 1, Decimal("1.50"), "9999999999999999.99"], ids=repr)
    def test_what_is_exact_is_taken_as_it_is(self, value: Any) -> None:
        """A string, a whole number, a Decimal."""
        assert Decimal(value) == AMOUNT.validate_python(value)

    @pytest.mark.parametrize(
        "value", [1.5, 1.0, 2**53, float("nan"), "1e3", "+1", ".5", "5.", "1 000", "\u0661", "0.001"], ids=repr
    )
    def test_what_is_not_is_refused(self, value: Any) -> None:
        """A float has lost digits already; other spellings are for programs to guess."""
        with pytest.raises(ValidationError):
            AMOUNT.validate_python(value)

    @pytest.mark.parametrize("value", ["0", "-0", "-0.00"])
    def test_zero_has_no_sign(self, value: str) -> None:
        """A balance is never shown as -0.00."""
        assert "0.00" == f"{BALANCE.validate_python(value):.2f}"


class TestMoment:
    def test_it_is_utc(self) -> None:
        """The same moment, whatever its offset was."""
        assert datetime(2026, 1, 31, 10, tzinfo=UTC) == MOMENT.validate_python("2026-01-31T12:00:00+02:00")
        assert UTC == MOMENT.validate_python("2026-01-31T12:00:00+02:00").tzinfo

    @pytest.mark.parametrize("value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-31T12:00:00"])
    def test_one_that_utc_does_not_have_is_none(self, value: str) -> None:
        """Before the first year and after the last there is nothing to compare with."""
        with pytest.raises(ValidationError):
            MOMENT.validate_python(value)


class TestNames:
    @pytest.mark.parametrize("value", ["\u200d", "\u3164\ufe0f", "\ufdfa" * 15], ids=ascii)
    def test_a_username_can_be_seen_and_compared(self, value: str) -> None:
        """Invisible characters alone are not a name, and no folded name is longer than its column."""
        with pytest.raises(ValidationError):
            USERNAME.validate_python(value)

    @pytest.mark.parametrize(
        "value",
        [
            "ann-b.c_9",
            "\u00c6",
            "\uff41\uff3f",
            "\u0645\u06cc\u200c\u0645",
            "\u0e33",
            "\u0661",
            "\u2167",
            "\u24d0",
            "\u3007",
        ],
        ids=ascii,
    )
    def test_a_username_is_in_any_script(self, value: str) -> None:
        """Letters, their marks, digits, and what joins letters, in any form."""
        assert value == USERNAME.validate_python(value)

    @pytest.mark.parametrize("value", ["a b", "a\n", "a/b", "a@b", "\u00bd", "\u2474", "\U0001f600"], ids=ascii)
    def test_other_signs_are_not_in_a_username(self, value: str) -> None:
        """Nor are spaces."""
        with pytest.raises(ValidationError):
            USERNAME.validate_python(value)

    def test_a_username_keeps_its_spelling(self) -> None:
        """It is shown as it was written."""
        assert "\uff21nn.Stra\xdfe" == USERNAME.validate_python("\uff21nn.Stra\xdfe")

    def test_one_mailbox_has_one_spelling(self) -> None:
        """Capitals make no other address."""
        assert "ann@example.com" == EMAIL.validate_python("Ann@EXAMPLE.com")

    @pytest.mark.parametrize("value", ["", " ", "a b", "a\n", "a\0", "a/b", "<b>", "x" * 65], ids=ascii)
    def test_a_username_is_one_word(self, value: str) -> None:
        """Letters, digits, dot, dash and underscore of any script."""
        with pytest.raises(ValidationError):
            USERNAME.validate_python(value)
