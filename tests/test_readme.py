"""The README shows the files that it speaks of as they are."""

from pathlib import Path

import pytest

from containers import ApplicationContainer
from sessionscope.observe.wiring import read_graph
from sessionscope.observe.wiring.svg.drawing import draw_svg

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


def test_picture_shows_the_wiring_as_it_is() -> None:
    """The picture in the README is of the containers in this repository: `make picture` renews it."""
    assert "](docs/images/wiring.svg)" in (ROOT / "README.md").read_text()
    picture = (ROOT / "docs" / "images" / "wiring.svg").read_text()
    is_current = draw_svg(read_graph(ApplicationContainer())) == picture
    assert is_current, "docs/images/wiring.svg is out of date: run `make picture`"
