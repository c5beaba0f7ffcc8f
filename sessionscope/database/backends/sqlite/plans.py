"""Shows how SQLite would run a statement whose values are not known."""

from sqlalchemy import Connection

from sessionscope.database.backends.plans import with_placeholders


def explain(connection: Connection, statement: str, paramstyle: str) -> list[str]:
    """Return the lines of the plan, each indented below the one that it belongs to.

    Source: https://www.sqlite.org/eqp.html. The plan doesn't depend on the values.
    """
    text, number = with_placeholders(statement, paramstyle, lambda _: "?")
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", (None,) * number).all()
    depths = {0: -1}
    lines: list[str] = []
    for key, parent, _, detail in rows:
        depths[key] = depths.get(parent, -1) + 1
        lines.append("  " * depths[key] + str(detail))
    return lines or ["SQLite has no plan for this statement: it reads no table"]
