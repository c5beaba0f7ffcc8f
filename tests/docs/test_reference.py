"""The API reference has a page for each public module."""

import inspect
import re
from importlib import import_module
from typing import Final

import pytest

from tests.new.running import ROOT

pytest.importorskip("mkdocs", reason="`make docs` or `make check` installs MkDocs")

from documentation.reference import MODULES

pytestmark = pytest.mark.isolation("none")

PUBLIC_NAMES: Final = (ROOT / "docs" / "public_names.md").read_text()


class TestModules:
    def test_they_are_those_on_the_page_of_public_names(self) -> None:
        """A module that becomes public gets a page, and no other module has one."""
        named = set(re.findall(r"`(sessionscope[\w.]*)`", PUBLIC_NAMES))
        assert named == set(MODULES)

    @pytest.mark.parametrize("module", MODULES)
    def test_each_name_exists_and_is_described(self, module: str) -> None:
        """MkDocs would leave out a name that doesn't exist without a word."""
        found = import_module(module)
        assert found.__doc__
        for name in MODULES[module]:
            assert inspect.getdoc(getattr(found, name)), name
