"""The recipes of docs/testing.md work as they stand there."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[3] / "docs" / "testing.md"


def recipes() -> dict[str, str]:
    """Return the code of each recipe, by its heading."""
    section = DOCUMENT.read_text().split("## Five recipes")[1].split("\n## ")[0]
    return dict(re.findall(r"### (.+?)\n.*?```python\n(.+?)```", section, re.DOTALL))


class TestRecipes:
    def test_there_are_five(self) -> None:
        """Swap a service, a rolled-back test, an honest rollback, count queries, an async client."""
        assert len(recipes()) == 5

    @pytest.mark.parametrize(
        "extra", [(), ("-n", "2", "-p", "no:randomly"), ("-p", "randomly")], ids=["", "xdist", "random"]
    )
    def test_all_of_them_pass(self, run: Callable[..., pytest.RunResult], extra: tuple[str, ...]) -> None:
        """Whoever copies them gets green tests, in any order and on any number of workers."""
        result = run("\n\n".join(recipes().values()), *extra)
        result.assert_outcomes(passed=6)
