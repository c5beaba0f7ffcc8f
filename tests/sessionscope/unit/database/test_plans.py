"""Placeholders of drivers are found, and nothing that only looks like one."""

import pytest

from sessionscope.database.backends.plans import is_explainable, with_placeholders

pytestmark = pytest.mark.isolation("none")


@pytest.mark.parametrize(
    ("paramstyle", "statement", "expected"),
    [
        ("qmark", "a = ? AND b = '?''?' AND \"c?\" = ? -- ?", "a = $1 AND b = '?''?' AND \"c?\" = $2 -- ?"),
        ("pyformat", "a = %(a_1)s AND b LIKE '%%x'", "a = $1 AND b LIKE '%x'"),
        ("format", "a = %s LIMIT %s", "a = $1 LIMIT $2"),
        ("numeric_dollar", "a = $1::INTEGER AND b LIKE '%s'", "a = $1::INTEGER AND b LIKE '%s'"),
    ],
)
def test_placeholders_are_replaced(paramstyle: str, statement: str, expected: str) -> None:
    """Each driver writes them in its own way."""
    assert expected == with_placeholders(statement, paramstyle, lambda number: f"${number}")[0]


@pytest.mark.parametrize("statement", ["SELECT 1", "\n select 1;", "WITH x AS (SELECT 1) SELECT 2", "DELETE FROM x"])
def test_a_single_statement_on_rows_is_explainable(statement: str) -> None:
    """It may end with a semicolon."""
    assert is_explainable(statement)


@pytest.mark.parametrize(
    "statement", ["", "SELECT 1; DROP TABLE x", "CREATE TABLE x (y)", "EXPLAIN SELECT 1", "VACUUM"]
)
def test_anything_else_is_not(statement: str) -> None:
    """The other part of the text might be run."""
    assert not is_explainable(statement)
