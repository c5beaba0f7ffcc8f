"""The databases that a marked test runs on."""

from collections.abc import Callable

import pytest

TESTS = """
import pytest

pytestmark = pytest.mark.every_database

def test_all(target): pass

@pytest.mark.every_database(but=["sqlite", "mariadb"])
def test_postgresql(target): pass
"""
POSTGRESQL = ["postgresql+asyncpg", "postgresql+psycopg", "postgresql+psycopg2"]
MYSQL = ["mysql+aiomysql", "mysql+asyncmy"]

Run = Callable[..., pytest.RunResult]


def collected(result: pytest.RunResult) -> list[str]:
    """Return the names of the tests that would run."""
    return [line.partition("::")[2] for line in result.outlines if "::" in line]


class TestBut:
    def test_but_leaves_out_databases(self, run: Run) -> None:
        """The marker of the test overrides that of its module, and a prefix of a name is enough."""
        result = run(TESTS, "--collect-only", "-q")
        every = [f"test_all[{name}]" for name in ("sqlite", *POSTGRESQL, *MYSQL)]
        assert sorted(every + [f"test_postgresql[{name}]" for name in POSTGRESQL]) == sorted(collected(result))

    def test_a_test_without_any_is_deselected(self, run: Run) -> None:
        """It does not pass by doing nothing where `--database` names none of its databases."""
        result = run(TESTS, "--database", "sqlite")
        result.assert_outcomes(passed=1, deselected=1)

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [('but=["oracle"]', "no database 'oracle'"), ('only=["sqlite"]', "only"), ('"sqlite"', "positional")],
        ids=["unknown", "keyword", "positional"],
    )
    def test_a_slip_is_told(self, run: Run, arguments: str, told: str) -> None:
        """The error names the test, and nothing runs."""
        result = run(TESTS + f"\n@pytest.mark.every_database({arguments})\ndef test_slip(target): pass\n")
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines([f"*test_slip: every_database: *{told}*"])
