"""The `conftest.py` and the recipes of docs/testing.md work as they are written there."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "testing.md").read_text()
CODE = re.compile(r"```python\n(.+?)```", re.DOTALL)
BACKEND = """

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""
SETTINGS = """
[pytest]
anyio_mode = auto
filterwarnings = error
"""


def recipes() -> dict[str, str]:
    """Return the code of each recipe, by its heading."""
    section = DOCUMENT.split("## Five recipes")[1].split("\n## ")[0]
    return dict(re.findall(r"### (.+?)\n.*?```python\n(.+?)```", section, re.DOTALL))


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """Give a function that runs pytest over one test file, in a project with the service's migrations."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    pytester.makeconftest(CODE.findall(DOCUMENT)[0] + BACKEND)
    pytester.makefile(".ini", pytest=SETTINGS)
    (pytester.path / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    (pytester.path / "alembic").symlink_to(ROOT / "alembic")

    def run(tests: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=tests)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    return run


class TestRecipes:
    def test_there_are_five(self) -> None:
        """Swap a service, a rolled-back test, an honest rollback, count queries, an async client."""
        assert len(recipes()) == 5

    @pytest.mark.parametrize(
        "extra", [(), ("-n", "2", "-p", "no:randomly"), ("-p", "randomly")], ids=["", "xdist", "random"]
    )
    def test_all_of_them_pass(self, run: Callable[..., pytest.RunResult], extra: tuple[str, ...]) -> None:
        """Copied recipes pass, in any order and on any number of workers."""
        result = run("\n\n".join(recipes().values()), *extra)
        result.assert_outcomes(passed=6)

    def test_unit_test_of_a_service_passes(self, run: Callable[..., pytest.RunResult]) -> None:
        """The section on services without a database has a complete test."""
        section = DOCUMENT.split("## Services without a database")[1]
        run(CODE.findall(section)[0]).assert_outcomes(passed=1)
