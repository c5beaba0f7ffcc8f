"""Text from clients can't forge a line of the log, and is short."""

import pytest

from sessionscope.printable import printable


class TestPrintable:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("/users/é", "/users/é"),
            ("/a\nFORGED", "/a\\nFORGED"),
            ("/a\r\x1b[31m", "/a\\r\\x1b[31m"),
            ("/a\u2028b\u202e", "/a\\u2028b\\u202e"),
            ("/\udcff", "/\\udcff"),
        ],
        ids=["plain", "line feed", "escape sequence", "line separator and direction", "undecodable"],
    )
    def test_characters_that_do_not_print_are_escaped(self, text: str, shown: str) -> None:
        """The others stay."""
        assert shown == printable(text)

    def test_long_text_is_cut(self) -> None:
        """The end is marked."""
        assert ("x" * 200, "x" * 199 + "…") == (printable("x" * 200), printable("x" * 201))
