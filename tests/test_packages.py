"""Packages and their modules."""

import runpy
from collections.abc import Iterator
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Final

import containers

ROOT: Final = Path(__file__).resolve().parents[1]


def clashes(package: Path) -> Iterator[Path]:
    """Find the modules of *package* whose name its ``__init__.py`` gives to something else."""
    # Run anew: in the imported package, a later import of a module may have replaced the object.
    exported = runpy.run_path(str(package / "__init__.py"))
    for module in iter_modules([str(package)]):
        if not isinstance(exported.get(module.name), ModuleType | None):
            yield package / module.name


class TestNames:
    def test_no_module_shares_its_name_with_an_object_of_its_package(self) -> None:
        """``import package.name`` gives the module, as the object can't be told from it otherwise."""
        # No hidden folder: .venv holds the packages of others.
        packages = [path.parent for path in ROOT.glob("[!.]*/**/__init__.py")]
        assert Path(str(containers.__file__)).parent in packages
        assert [] == [clash for package in packages for clash in clashes(package)]
