"""Prints lines for people: in colours on a terminal, and wrapped so that a copy of them has no spaces at the end."""

from textwrap import wrap

from rich.console import Console
from rich.text import Text


class Printer:
    """Prints to standard output.

    Attributes:
        width: The number of characters in a line.
    """

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self.width = self._console.width

    def print(self, text: str, *, style: str = "") -> None:
        """Print *text* as it is."""
        self._console.print(Text(text, style))

    def labelled(self, label: str, style: str, text: str) -> None:
        """Print *text* beside *label*, which alone has the *style*. Further lines begin below the first one's text."""
        indent = len(label) + 2
        first, *more = wrap(text, max(20, self.width - indent), break_long_words=False, break_on_hyphens=False) or [""]
        self._console.print(Text.assemble(" ", (label, style), " ", first))
        for line in more:
            self._console.print(Text(" " * indent + line))
