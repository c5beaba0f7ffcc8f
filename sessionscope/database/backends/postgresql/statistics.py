"""Reads the slowest statements from PostgreSQL's extension pg_stat_statements."""

import re
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from sessionscope.database.backends.diagnosis import NotKnownError, Order, SlowStatement
from sessionscope.database.backends.postgresql.failures import sqlstate_of
from sessionscope.database.backends.statements import without_values

_SCHEMA: Final = text("""
SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
WHERE extname = 'pg_stat_statements'
""")
_COLUMNS: Final = {Order.TOTAL: "total_exec_time", Order.MEAN: "mean_exec_time"}
_NOT_LOADED: Final = "55000"
_DENIED: Final = "42501"
_ENABLE: Final = (
    "set shared_preload_libraries = 'pg_stat_statements' in postgresql.conf, restart the server, and run"
    " CREATE EXTENSION pg_stat_statements in this database"
)
# The version that has EXPLAIN (GENERIC_PLAN).
_GENERIC_PLAN: Final = (16,)
_PARAMETER: Final = re.compile(r"\$(\d+)")


def read_slowest(connection: Connection, order: Order, count: int) -> list[SlowStatement]:
    """See `Diagnosis.slowest`. The times are of PostgreSQL 13 and later, without planning.

    Source: https://www.postgresql.org/docs/current/pgstatstatements.html
    """
    schema = connection.scalar(_SCHEMA)
    if schema is None:
        raise NotKnownError("the extension pg_stat_statements is not in this database", _ENABLE)
    statement = text(
        "SELECT query, calls, total_exec_time / 1000, mean_exec_time / 1000, max_exec_time / 1000"  # noqa: S608
        f" FROM {schema}.pg_stat_statements WHERE query <> '<insufficient privilege>'"
        " AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
        f" ORDER BY {_COLUMNS[order]} DESC LIMIT :count"
    )
    try:
        rows = connection.execute(statement, {"count": count}).all()
    except DBAPIError as error:
        raise _explained(error) from error
    version = connection.dialect.server_version_info or ()
    return [_read(row, has_generic_plan=version >= _GENERIC_PLAN) for row in rows]


def _explained(error: DBAPIError) -> Exception:
    state = sqlstate_of(error)
    if state == _NOT_LOADED:
        return NotKnownError("the server has not loaded pg_stat_statements", _ENABLE)
    if state == _DENIED:
        return NotKnownError("this user may not read pg_stat_statements", "GRANT pg_read_all_stats to the user")
    return error


def _read(row: Any, *, has_generic_plan: bool) -> SlowStatement:
    query, calls, total, mean, longest = row
    # The server keeps the values of statements such as SET and CREATE.
    statement = without_values(query, quotes_names=True)
    return SlowStatement(
        statement=statement,
        calls=calls,
        total=float(total),
        mean=float(mean),
        longest=float(longest),
        explain=_explain(statement, has_generic_plan=has_generic_plan),
    )


def _explain(statement: str, *, has_generic_plan: bool) -> str:
    """Return the SQL that shows the plan of *statement*, whose values are not known."""
    word = statement.partition(" ")[0].upper()
    if word not in ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH"):
        return ""
    numbers = [int(found) for found in _PARAMETER.findall(statement)]
    if not numbers:
        return f"EXPLAIN {statement}"
    if has_generic_plan:
        return f"EXPLAIN (GENERIC_PLAN) {statement}"
    nulls = ", ".join(["NULL"] * max(numbers))
    return (
        f"SET plan_cache_mode = force_generic_plan; PREPARE slow AS {statement};"
        f" EXPLAIN EXECUTE slow({nulls}); DEALLOCATE slow"
    )
