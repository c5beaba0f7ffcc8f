"""One word for each thing: no file contains a word that docs/glossary.md rules out."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.isolation("none")

ROOT: Final = Path(__file__).resolve().parents[1]
GLOSSARY: Final = ROOT / "docs" / "glossary.md"
# The glossary itself, the names that modules had before, the licence, generated files, and these tests.
EXEMPT: Final = ("docs/glossary.md", "docs/moved.md", "LICENSE", "requirements/", "tests/test_words.py")
TEXTS: Final = (".py", ".md", ".toml", ".yaml", ".mako", ".lua", "Makefile", ".ci/")
# Folders whose words are still to be changed; remove them from here as that is done.
LATER: Final[tuple[str, ...]] = ()


def cells(section: str, column: int) -> list[str]:
    """Return the words, separated by commas, in a column of the table in a *section* of the glossary."""
    body = GLOSSARY.read_text().partition(f"# {section}\n")[2].partition("\n#")[0]
    rows = [line for line in body.splitlines() if line.startswith("|")][2:]
    listed = [row.strip("|").split("|")[column] for row in rows]
    return [word.strip() for cell in listed for word in cell.split(",") if word.strip()]


def pattern_of(word: str) -> str:
    """Return a pattern for *word* in prose, snake_case and CamelCase; a capitalized word matches only itself."""
    title = word[0].upper() + word[1:]
    if word == title:
        return rf"\b{word}\b"
    return rf"(?<![A-Za-z])(?:{word}|{word.upper()})(?![A-Za-z])|{title}(?![a-z])"


def refused() -> re.Pattern[str]:
    """Return the pattern of all words that the glossary rules out."""
    return re.compile("|".join(map(pattern_of, cells("Glossary", 2) + cells("Phrases", 1))))


def allowed() -> re.Pattern[str]:
    """Return the pattern of the phrases in which such a word is right."""
    return re.compile("|".join(map(re.escape, cells("Exceptions", 0))), re.IGNORECASE)


def files() -> list[str]:
    """Return the text files in the repository, by their path."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603
    found = [name for name in listed if name.endswith(TEXTS) or name.startswith(TEXTS)]
    return [name for name in found if not name.startswith((*EXEMPT, *LATER)) and (ROOT / name).exists()]


def findings(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line number of each refused word in *text*, and the word."""
    right, wrong = allowed(), refused()
    for number, line in enumerate(text.splitlines(), 1):
        for found in wrong.finditer(right.sub("", line)):
            yield number, found[0]


def prose_of(name: str) -> str:
    """Return the text of a file; in Markdown, code in a line may have old names."""
    text = (ROOT / name).read_text()
    return re.sub("`[^`\n]+`", "", text) if name.endswith(".md") else text


class TestWords:
    def test_no_file_contains_a_refused_word(self) -> None:
        """Each finding is a line ``file:line: word``; the glossary has the word to use."""
        found = [f"{name}:{number}: {word}" for name in files() for number, word in findings(prose_of(name))]
        assert not found, "docs/glossary.md has other words for these:\n" + "\n".join(found)

    @pytest.mark.parametrize("text", ["the reply", "Reply", "REPLY_SECONDS", "last_reply", "UserReply", "Who waits"])
    def test_refused_words_are_found_in_prose_and_names(self, text: str) -> None:
        """A word is found in any of the forms that prose and code give it."""
        assert 1 == len(list(findings(text)))

    @pytest.mark.parametrize("text", ["replying", "those who wait", "There is no table", "a moment ago", "response"])
    def test_other_words_are_not_found(self, text: str) -> None:
        """Parts of other words and the listed exceptions are fine."""
        assert [] == list(findings(text))

    def test_terms_are_in_alphabetical_order(self) -> None:
        """A reader finds a term by its first letter."""
        body = GLOSSARY.read_text().partition("|---|---|---|\n")[2].partition("\n\n")[0]
        terms = [line.split("|")[1].strip().lower() for line in body.splitlines()]
        assert sorted(terms) == terms
