"""Reads the slowest statements from the performance schema of MySQL or MariaDB."""

from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from sessionscope.database.backends.diagnosis import NotKnownError, Order, SlowStatement
from sessionscope.database.backends.mysql.failures import number_of

_COLUMNS: Final = {Order.TOTAL: "SUM_TIMER_WAIT", Order.MEAN: "AVG_TIMER_WAIT"}
# The server counts in picoseconds.
_SECOND: Final = 1e12
_DENIED: Final = (1142, 1143, 1044)
_ENABLE: Final = (
    "set performance_schema = ON in the section [mysqld] of the server's configuration, and restart the server."
    " MariaDB has it off by default"
)


def read_slowest(connection: Connection, order: Order, count: int) -> list[SlowStatement]:
    """See `Diagnosis.slowest`.

    Source: https://dev.mysql.com/doc/refman/8.4/en/performance-schema-statement-summary-tables.html
    """
    if not connection.scalar(text("SELECT @@performance_schema")):
        raise NotKnownError("the server's performance schema is off", _ENABLE)
    statement = text(
        "SELECT DIGEST_TEXT, COUNT_STAR, SUM_TIMER_WAIT, AVG_TIMER_WAIT, MAX_TIMER_WAIT"  # noqa: S608
        " FROM performance_schema.events_statements_summary_by_digest"
        " WHERE SCHEMA_NAME = DATABASE() AND DIGEST_TEXT IS NOT NULL"
        f" ORDER BY {_COLUMNS[order]} DESC LIMIT :count"
    )
    try:
        return [_read(row) for row in connection.execute(statement, {"count": count})]
    except DBAPIError as error:
        if number_of(error) not in _DENIED:
            raise
        raise NotKnownError(
            "this user may not read the performance schema", "GRANT SELECT ON performance_schema.* TO the user"
        ) from error


def _read(row: Any) -> SlowStatement:
    digest, calls, total, mean, longest = row
    statement = " ".join(str(digest).split())
    explains = statement.partition(" ")[0].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH")
    return SlowStatement(
        statement=statement,
        calls=calls,
        total=float(total) / _SECOND,
        mean=float(mean) / _SECOND,
        longest=float(longest) / _SECOND,
        explain=f"EXPLAIN {statement}" if explains else "",
    )
