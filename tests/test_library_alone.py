"""The tests of the library need no service but their own."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
TESTS: Final = ROOT / "tests" / "sessionscope"
# In code that a test runs in another process as well.
IMPORT: Final = re.compile(r"^\s*(?:from|import) (?:app|config|containers|tests\.app)\b.*", re.MULTILINE)
# Some tests of each kind, of the containers and of the kit among them.
SOME: Final = (
    "unit/fastapi/test_check.py",
    "integration/lifetimes/test_reads.py",
    "integration/testkit/test_isolation_modes.py",
    "e2e/test_fastapi_idioms.py",
)


def imports_of_the_service() -> Iterator[str]:
    """Find the lines that import the service or its tests."""
    for file in TESTS.rglob("*.py"):
        for line in IMPORT.findall(file.read_text(encoding="utf-8")):
            yield f"{file.relative_to(ROOT)}: {line.strip()}"


class TestLibraryAlone:
    def test_nothing_of_the_service_is_imported(self) -> None:
        """A service that upgrades the library has other containers, settings and tables."""
        assert [] == list(imports_of_the_service())

    def test_tests_pass_in_a_repository_without_the_service(self, tmp_path: Path) -> None:
        """What they need is in the library and beside them."""
        for folder in ("sessionscope", "tests/sessionscope"):
            shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ("pyproject.toml", "tests/conftest.py"):
            shutil.copy(ROOT / file, tmp_path / file)
        paths = [str(Path("tests", "sessionscope", path)) for path in SOME]
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--database", "sqlite", *paths],
            cwd=tmp_path,
            env={name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHONPATH"))},
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, done.stdout
