"""The email addresses and usernames that are accepted, and their stored form."""

import pytest
from pydantic import TypeAdapter, ValidationError

from app.users.fields import Email, Username

EMAIL: TypeAdapter[str] = TypeAdapter(Email)
USERNAME: TypeAdapter[str] = TypeAdapter(Username)


class TestNames:
    @pytest.mark.parametrize("value", ["\u200d", "\u3164\ufe0f", "\ufdfa" * 15], ids=ascii)
    def test_a_username_can_be_seen_and_compared(self, value: str) -> None:
        """A name needs a visible character, and its folded form must fit its column."""
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
        """Letters, marks, digits and joiners of any script are accepted."""
        assert value == USERNAME.validate_python(value)

    @pytest.mark.parametrize("value", ["a b", "a\n", "a/b", "a@b", "\u00bd", "\u2474", "\U0001f600"], ids=ascii)
    def test_other_signs_are_not_in_a_username(self, value: str) -> None:
        """Other characters and spaces are refused."""
        with pytest.raises(ValidationError):
            USERNAME.validate_python(value)

    def test_a_username_keeps_its_spelling(self) -> None:
        """A username is stored as it was written."""
        assert "\uff21nn.Stra\xdfe" == USERNAME.validate_python("\uff21nn.Stra\xdfe")

    def test_email_addresses_are_lowercased(self) -> None:
        """Email addresses become lowercase."""
        assert "ann@example.com" == EMAIL.validate_python("Ann@EXAMPLE.com")

    @pytest.mark.parametrize("value", ["", " ", "a b", "a\n", "a\0", "a/b", "<b>", "x" * 65], ids=ascii)
    def test_a_username_is_one_word(self, value: str) -> None:
        """Usernames have letters and digits of any script, dots, dashes and underscores."""
        with pytest.raises(ValidationError):
            USERNAME.validate_python(value)
