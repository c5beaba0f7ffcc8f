"""docs/compatibility.md names the versions that are tried and allowed."""

import re
import tomllib
from collections.abc import Iterator
from typing import Final

import pytest

from tests.new.running import ROOT

pytestmark = pytest.mark.isolation("none")

PAGE: Final = (ROOT / "docs" / "compatibility.md").read_text()
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# The library imports these too, and leaves their versions to fastapi.
THROUGH_FASTAPI: Final = ("pydantic", "starlette")


def rows() -> dict[str, tuple[str, str]]:
    """Return the versions on the page, tried and lowest, by package."""
    return {
        name: (tried, lowest)
        for name, tried, lowest in re.findall(r"^\| ([a-z0-9-]+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
    }


def lowest() -> Iterator[tuple[str, str]]:
    """Yield each package that the library requires, its extras included, with the lowest version."""
    extras = PROJECT["optional-dependencies"].values()
    for requirement in (*PROJECT["dependencies"], *(each for extra in extras for each in extra)):
        found = re.match(r"([a-z0-9-]+)(?:\[.+?\])?>=([0-9.]+)", requirement)
        assert found is not None, requirement
        yield found[1], found[2]
    for package in THROUGH_FASTAPI:
        yield package, "as fastapi"


class TestPage:
    def test_each_package_has_the_tried_and_the_lowest_version(self) -> None:
        """They are those of requirements/test.txt and pyproject.toml."""
        pinned = re.findall(
            r"^([a-z0-9-]+)(?:\[.+?\])?==(\S+)", (ROOT / "requirements" / "test.txt").read_text(), re.MULTILINE
        )
        tried = dict(pinned)
        shown = {name: versions for name, versions in rows().items() if name != "package"}
        assert {name: (tried[name], version) for name, version in lowest()} == shown

    def test_each_python_is_named(self) -> None:
        """Those of pyproject.toml, and no other."""
        named = {
            version for row in re.findall(r"^\| Python (.+?) \|", PAGE, re.MULTILINE) for version in row.split(", ")
        }
        prefix = "Programming Language :: Python :: "
        assert {each.removeprefix(prefix) for each in PROJECT["classifiers"] if each.startswith(prefix)} == named
        assert f">={min(named)}" == PROJECT["requires-python"]
