"""The code blocks of a guide, in order."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BLOCK: Final = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)
_TEST: Final = re.compile(r"^(?:async )?def test_|^class Test", re.MULTILINE)
_GAP: Final = re.compile(r"^ *\.\.\.\n", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A code block.

    Attributes:
        language: The word after the backquotes.
        title: The file that the block is written to; None without one.
        text: What is between the backquotes.
    """

    language: str
    title: str | None
    text: str

    @property
    def is_test(self) -> bool:
        """Whether the block has tests, and no file of its own."""
        return self.language == "python" and self.title is None and _TEST.search(self.text) is not None

    def is_part_of(self, text: str) -> bool:
        """Tell whether *text* contains the block; a line of three dots stands for any lines."""
        return re.search(".*".join(map(re.escape, _GAP.split(self.text))), text, re.DOTALL) is not None

    def commands(self) -> list[tuple[str, list[str]]]:
        """Return the commands of a `console` block, each with the lines that it prints."""
        found: list[tuple[str, list[str]]] = []
        for line in self.text.replace("\\\n", "").splitlines():
            if line.startswith("$ "):
                found.append((line.removeprefix("$ "), []))
            elif line:
                found[-1][1].append(line)
        return found


def blocks_of(guide: Path, section: str = "") -> list[Block]:
    """Return the code blocks of *guide*, or of a section of it, that name their language."""
    text = guide.read_text()
    if section:
        text = text.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return [Block(language, title or None, text) for language, title, text in _BLOCK.findall(text)]


def matches(shown: str, printed: str) -> bool:
    """Tell whether the line *shown* in a guide is *printed*; three dots stand for any text."""
    return re.fullmatch(re.escape(shown).replace(r"\.\.\.", ".*"), printed) is not None
