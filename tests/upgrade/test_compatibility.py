"""docs/compatibility.md names the versions that are tried and allowed, and public names stay."""

import inspect
import json
import re
import tomllib
import warnings
from collections.abc import Iterator
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import pytest

from sessionscope.cli.new.locks import release_of
from tests.new.running import ROOT

pytestmark = pytest.mark.isolation("none")

PAGE: Final = (ROOT / "docs" / "compatibility.md").read_text()
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# The library imports these too, and leaves their versions to fastapi.
THROUGH_FASTAPI: Final = ("pydantic", "starlette")
# The names in the public modules of 0.2.0, with their parameters. Constants and plain classes have none.
NAMES: Final[dict[str, dict[str, list[str] | None]]] = json.loads(
    Path(__file__).with_name("public_names_0_2_0.json").read_text()
)
# Only the test kit makes these.
MADE_BY_FIXTURES: Final = ("Override", "Template")


def rows() -> dict[str, tuple[str, str]]:
    """Return the versions on the page, tried and lowest, by package."""
    return {
        name: (tried, lowest)
        for name, tried, lowest in re.findall(r"^\| ([a-z0-9-]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
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

    def test_changelog_has_the_version(self) -> None:
        """As a section, or as the next version if it isn't released yet."""
        changelog = (ROOT / "CHANGELOG.md").read_text()
        version = re.escape(PROJECT["version"])
        next_version = rf"## \[Unreleased\]\n\nThe next version is {version}\."
        assert re.search(rf"^({next_version}|## \[{version}\] - \d{{4}}-\d\d-\d\d$)", changelog, re.MULTILINE)


def faults(found: Any, parameters: list[str]) -> Iterator[str]:
    """Yield the reasons why a call with some of the *parameters* of 0.2.0 would fail now."""
    now = inspect.signature(found).parameters
    yield from (f"{name} is gone" for name in parameters if name not in now)
    for name, each in now.items():
        is_variable = each.kind in {each.VAR_POSITIONAL, each.VAR_KEYWORD}
        if name not in parameters and each.default is each.empty and not is_variable:
            yield f"{name} is required"


class TestPublicNames:
    @pytest.mark.parametrize("module", NAMES)
    def test_names_of_0_2_0_are_there_and_take_the_same_arguments(self, module: str) -> None:
        """A deprecated name counts until the version that removes it."""
        for name, parameters in NAMES[module].items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                found = getattr(import_module(module), name)
            if parameters is not None and name not in MADE_BY_FIXTURES:
                assert [] == list(faults(found, parameters)), name

    def test_deprecated_names_warn_until_they_are_removed(self) -> None:
        """The warning names the version that removes the name and what to use instead, as the page does."""
        listed = re.findall(r"^\| `(\S+)\.(\S+)` \| (\S+) \| (\S+) \| `(\S+)` in `(\S+)` \|$", PAGE, re.MULTILINE)
        assert ["MEDIA_TYPE"] == [name for _, name, *_ in listed]
        for module, name, since, removed, instead, where in listed:
            text = f"{module}.{name} is removed in {removed}: use {instead} in {where}"
            with pytest.warns(DeprecationWarning, match=f"^{re.escape(text)}$") as caught:
                found = getattr(import_module(module), name)
            assert [__file__] == [each.filename for each in caught]
            assert attrgetter(instead)(import_module(where)) == found
            assert release_of(since) <= release_of(PROJECT["version"]) < release_of(removed)
