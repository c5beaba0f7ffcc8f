"""The API reference has a page for each public module."""

import inspect
from importlib import import_module

import pytest

pytest.importorskip("mkdocs", reason="`make docs` or `make check` installs MkDocs")

from documentation.reference import NAMES, modules

pytestmark = pytest.mark.isolation("none")


class TestModules:
    @pytest.mark.parametrize("module", modules())
    def test_each_is_described(self, module: str) -> None:
        """A module is public if docs/public_names.md names it."""
        assert import_module(module).__doc__

    @pytest.mark.parametrize("module", NAMES)
    def test_each_name_of_a_part_exists_and_is_described(self, module: str) -> None:
        """MkDocs would leave out a name that doesn't exist without a word."""
        assert module in modules()
        found = import_module(module)
        assert [] == [name for name in NAMES[module] if not inspect.getdoc(getattr(found, name))]
