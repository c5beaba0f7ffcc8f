"""The template of new services is small, and has nothing of this repository's sample."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from sessionscope.cli.new.project import LOCK_FILES, TEMPLATE, TEMPLATE_NAME, TEMPLATE_WHEEL

pytestmark = pytest.mark.isolation("none")

ROOT: Final = Path(__file__).resolve().parents[2]
FILES: Final = [file for file in sorted(TEMPLATE.rglob("*")) if file.is_file() and "__pycache__" not in file.parts]
CODE: Final = [file for file in FILES if file.suffix == ".py"]
SAMPLE: Final = re.compile(r"\b(users?|posts?|accounts?|transfers?|reports?|authors?|benchmarks|resilience)\b")
# Of URLs, of a container's operating system, and of an HTTP method.
OTHER_USES: Final = re.compile(r"user:password|user: postgres|\.post\(|a POST|POST names")


def with_text(text: str) -> list[str]:
    """Return the files that contain *text*."""
    return [str(file.relative_to(TEMPLATE)) for file in FILES if text in file.read_text()]


def lines(files: list[Path], *, blank: bool) -> int:
    """Count the lines of *files*, with or without blank ones."""
    return sum(1 for file in files for line in file.read_text().splitlines() if blank or line.strip())


def code_lines(file: Path) -> int:
    """Count the lines of a file without blank ones, comments, imports and docstrings."""
    source = file.read_text()
    skipped: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            skipped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    numbered = enumerate(source.splitlines(), 1)
    return sum(1 for number, line in numbered if number not in skipped and not re.match(r"\s*(#|$)", line))


def imported() -> Iterator[str]:
    """Find the modules of the library that the template imports."""
    for file in CODE:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("sessionscope"):
                yield str(node.module)


def pins(file: Path) -> dict[str, str]:
    """Return the versions in a lock file, by package."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", file.read_text(), re.MULTILINE))


class TestTemplate:
    @pytest.mark.parametrize("name", ["containers/database.py", "containers/__init__.py"])
    def test_containers_are_those_of_the_sample(self, name: str) -> None:
        """A new service begins with the same container, so that a change in one is a change in the other."""
        assert (ROOT / name).read_text() == (TEMPLATE / name).read_text()

    def test_name_is_put_into_these_files_only(self) -> None:
        """The rest of a new service is the template as it stands."""
        assert ["Containerfile", "README.md", "app/main.py", "pyproject.toml"] == with_text(TEMPLATE_NAME)
        assert ["pyproject.toml"] == with_text(TEMPLATE_WHEEL)

    def test_nothing_of_the_sample_is_in_it(self) -> None:
        """A new service has notes, and nothing to delete."""
        texts = {file: OTHER_USES.sub("", file.read_text()) for file in FILES if file.parent.name != "requirements"}
        assert {} == {str(file): found[0] for file, text in texts.items() if (found := SAMPLE.search(text))}

    def test_template_is_small(self) -> None:
        """At most 600 lines of Python with blank ones, and at most 400 without blank ones and tests."""
        assert lines(CODE, blank=True) <= 600
        assert lines([file for file in CODE if file.parent.name != "tests"], blank=False) <= 400

    def test_resource_takes_at_most_95_lines_of_code(self) -> None:
        """A list with filters, an order and pages; get, create, replace, change and delete; errors."""
        assert sum(code_lines(file) for file in CODE if file.parent.name == "notes") <= 95

    @pytest.mark.parametrize("name", LOCK_FILES)
    def test_packages_are_those_that_the_library_is_tested_with(self, name: str) -> None:
        """`make lock` pins both together."""
        template, ours = pins(TEMPLATE / name), pins(ROOT / "requirements" / "dev.txt")
        assert {"fastapi", "sqlalchemy", "asyncpg"} <= template.keys()
        assert template == {package: ours[package] for package in template}

    @pytest.mark.parametrize("module", sorted(set(imported())))
    def test_modules_that_it_imports_are_public(self, module: str) -> None:
        """The next release of the library doesn't break a service that was made by this one."""
        assert f"`{module}`" in (ROOT / "docs" / "public_names.md").read_text() or module == "sessionscope"
