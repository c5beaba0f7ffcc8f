"""Statements without their values."""

import pytest

from sessionscope.database.backends.statements import without_values


class TestValues:
    @pytest.mark.parametrize(
        ("statement", "shown"),
        [
            ("SELECT 'a', 'it''s', E'\\'x'", "SELECT ?, ?, ?"),
            ("SELECT $$a 'b'$$, $x$ $$ $x$, $1", "SELECT ?, ?, $1"),
            ("SELECT 1, -2.5, 1e9, 0xFF, .5", "SELECT ?, -?, ?, ?, ?"),
            ("SELECT a1, t2.b3 FROM t2", "SELECT a1, t2.b3 FROM t2"),
            ("SELECT 1 /* 'x' */ -- secret\n, 2", "SELECT ? , ?"),
            ("SELECT\n  a\n  FROM t WHERE id IN (1, 2, 3)", "SELECT a FROM t WHERE id IN (?)"),
            ("INSERT INTO t VALUES (1, 'a'), (2, 'b')", "INSERT INTO t VALUES (?)"),
            ("SELECT a FROM t WHERE b = 'cut o", "SELECT a FROM t WHERE b = ?"),
            ("SELECT a /* cut o", "SELECT a"),
            ("SELECT data->>'email', data#>'{a}'", "SELECT data->>?, data#>?"),
            ("SELECT `a1`, _utf8'x', X'41'", "SELECT `a1`, ?, ?"),
            ("", ""),
        ],
    )
    def test_value_is_replaced(self, statement: str, shown: str) -> None:
        """Names stay, and a value that is cut off is a value."""
        assert shown == without_values(statement, quotes_names=True)

    def test_double_quotes_are_around_names_or_values(self) -> None:
        """MySQL and MariaDB have values in them."""
        statement = 'SELECT "a1"'
        assert statement == without_values(statement, quotes_names=True)
        assert "SELECT ?" == without_values(statement, quotes_names=False)
