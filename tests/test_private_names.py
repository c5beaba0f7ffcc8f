"""The library uses at most six private names of other libraries, all of them in `sessionscope/_compat/`."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.isolation("none")

ROOT: Final = Path(__file__).resolve().parents[1]
LIBRARY: Final = ROOT / "sessionscope"
MOST: Final = 6
# Undocumented, though without an underscore: so they are found by their names.
UNDOCUMENTED: Final = (
    "await_",
    "await_only",
    "AutoHTTPProtocol",
    "HttpToolsProtocol",
    "H11Protocol",
    "send_400_response",
)
# Names with an underscore that Python documents, or that are our own, on another object of the same module.
DOCUMENTED: Final = ("_exit", "_getframe", "_asdict", "_replace", "_fields")


def rows() -> list[list[str]]:
    """Return the table of private names: library, name, versions, what happens without it."""
    lines = (LIBRARY / "_compat" / "README.md").read_text().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")][2:]


def is_private(name: str) -> bool:
    """Tell whether a name is private, by an underscore or by our list."""
    return name in UNDOCUMENTED or (name.startswith("_") and not name.startswith("__") and name not in DOCUMENTED)


def defined_in(tree: ast.AST) -> set[str]:
    """Return the names that a module defines: its functions, classes, attributes and slots."""
    found = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    found |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    found |= {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        if isinstance(node.ctx, ast.Store)
    }
    return found


def findings(source: str) -> Iterator[str]:
    """Yield the private names of other libraries in *source*, each with its line."""
    tree = ast.parse(source)
    own = defined_in(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            is_own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            if is_private(node.attr) and not is_own and node.attr not in own:
                yield f"{node.lineno}: .{node.attr}"
        elif isinstance(node, ast.keyword) and node.arg is not None and is_private(node.arg):
            yield f"{node.lineno}: {node.arg}="
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("sessionscope"):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            yield from (f"{node.lineno}: import {name}" for name in names if is_private(name))
        elif isinstance(node, ast.Import):
            names = [part for alias in node.names for part in alias.name.split(".")]
            yield from (f"{node.lineno}: import {name}" for name in names if is_private(name))


class TestPrivateNames:
    def test_there_are_at_most_six(self) -> None:
        """Each one is declared with the versions that it was tried with, and what happens without it."""
        assert len(rows()) <= MOST
        assert all(len(row) == 4 and all(row) for row in rows())

    def test_declared_names_are_the_ones_in_use(self) -> None:
        """Each module is about one library, and mentions each of its names."""
        declared = {row[0] for row in rows()}
        modules = {path.stem: path.read_text() for path in (LIBRARY / "_compat").glob("[!_]*.py")}
        assert declared == set(modules)
        missing = [row[1] for row in rows() if row[1].strip("`").split(".")[-1] not in modules[row[0]]]
        assert [] == missing

    def test_no_other_module_uses_one(self) -> None:
        """Neither an attribute or a module with an underscore, nor an undocumented name that we know of."""
        found = [
            f"{path.relative_to(ROOT)}:{finding}"
            for path in sorted(LIBRARY.rglob("*.py"))
            if not path.relative_to(LIBRARY).as_posix().startswith("_compat/")
            for finding in findings(path.read_text())
        ]
        assert not found, "put these into sessionscope/_compat, or do without:\n" + "\n".join(found)

    @pytest.mark.parametrize(
        "source",
        [
            "pool._do_get()",
            "from anyio._backends import _asyncio",
            "import a._b",
            "from sqlalchemy.util import await_only",
            "from x import _y",
            "spawn(work, _require_await=False)",
        ],
    )
    def test_private_names_are_found(self, source: str) -> None:
        """In attributes, modules, imports and arguments."""
        assert [] != list(findings(source))

    @pytest.mark.parametrize(
        "source", ["self._x = 1", "os._exit(1)", "x.__name__", "class A:\n def _f(self): self.b._f()"]
    )
    def test_own_names_are_not(self, source: str) -> None:
        """Those of the module itself, Python's documented ones, and special names."""
        assert [] == list(findings(source))


class TestMissingNames:
    @pytest.mark.parametrize(
        ("gone", "expected"),
        [
            (["await_only"], "fine"),
            (["await_"], "fine"),
            (["await_", "await_only"], "this version of SQLAlchemy has no"),
        ],
    )
    def test_sqlalchemy_without_its_names_is_reported(self, gone: list[str], expected: str) -> None:
        """Either name is enough. Without both, the error says what is wrong."""
        code = "from sqlalchemy import util\n" + "".join(f"vars(util).pop({name!r}, None)\n" for name in gone)
        code += "try:\n from sessionscope._compat.sqlalchemy import await_in_greenlet\n print('fine')\n"
        code += "except ImportError as error:\n print(error)\n"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603
        assert done.stdout.startswith(expected)
