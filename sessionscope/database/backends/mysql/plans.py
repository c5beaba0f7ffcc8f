"""Shows how MySQL and MariaDB would run a statement whose values are not known."""

import re
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from sessionscope.database.backends.plans import with_placeholders

# With NULL, the optimizer notices that no row can be found. A text is compared with a number as a number.
_VALUE: Final = "'1'"
_LIMIT: Final = re.compile(rf"\b(LIMIT|OFFSET)\s+{_VALUE}(?:\s*,\s*{_VALUE})?", re.IGNORECASE)


def explain(connection: Connection, statement: str, paramstyle: str) -> list[str]:
    """Return the plan for some value as a table in text, with the names of its columns in the first line.

    Source: https://mariadb.com/docs/server/reference/sql-statements/administrative-sql-statements/analyze-and-explain-statements/explain
    """
    text, _ = with_placeholders(statement, paramstyle, lambda _: _VALUE)
    # The numbers of rows are not accepted as texts.
    text = _LIMIT.sub(lambda found: found[0].replace(_VALUE, "1"), text)
    plain = connection.execution_options(no_parameters=True)
    result = plain.exec_driver_sql(f"EXPLAIN {text}")
    return _table([tuple(result.keys()), *result.all()])


def _table(rows: Sequence[Sequence[Any]]) -> list[str]:
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in texts]
