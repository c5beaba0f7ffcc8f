"""The README shows the files that it speaks of as they are."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.isolation("none")

ROOT = Path(__file__).resolve().parents[1]


def test_database_container_is_shown_word_for_word() -> None:
    """A reader of the README sees the whole chain from the settings to a session."""
    file = (ROOT / "containers" / "database.py").read_text()
    assert f"```python\n{file}```\n" in (ROOT / "README.md").read_text()


def test_library_is_tested_with_the_same_container() -> None:
    """The container of the tests' own service is the same text, so a change in one is a change in the other."""
    copy = ROOT / "tests" / "sessionscope" / "service" / "containers" / "database.py"
    assert (ROOT / "containers" / "database.py").read_text() == copy.read_text()
