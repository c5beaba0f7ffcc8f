"""Makes text that comes from clients fit for a line of the log."""

from typing import Final

LONGEST_TEXT: Final = 200


def printable(text: str, most: int = LONGEST_TEXT) -> str:
    """Return *text* with at most *most* characters, and escapes in place of those that don't print.

    A line feed in the middle of a line would let a client forge the next one, and an escape sequence would speak to
    the terminal.
    """
    if len(text) > most:
        text = f"{text[: most - 1]}…"
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
