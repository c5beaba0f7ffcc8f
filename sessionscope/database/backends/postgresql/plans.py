"""Shows how PostgreSQL would run a statement whose values are not known."""

from uuid import uuid4

from sqlalchemy import Connection

from sessionscope.database.backends.plans import with_placeholders


def explain(connection: Connection, statement: str, paramstyle: str) -> list[str]:
    """Return the lines of the generic plan, which is the same for all values.

    Source: https://www.postgresql.org/docs/current/sql-prepare.html. EXPLAIN (GENERIC_PLAN) needs PostgreSQL 16.
    """
    numbered, _ = with_placeholders(statement, paramstyle, lambda number: f"${number}")
    plain = connection.execution_options(no_parameters=True)
    name = f"plan_{uuid4().hex}"
    plain.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
    plain.exec_driver_sql(f"PREPARE {name} AS {numbered}")
    try:
        # After a failure, nothing but the end of the savepoint would be accepted.
        with plain.begin_nested():
            return _explain_prepared(plain, name)
    finally:
        # It would outlive the transaction, on a connection that may belong to a pooler.
        plain.exec_driver_sql(f"DEALLOCATE {name}")


def _explain_prepared(connection: Connection, name: str) -> list[str]:
    of_types = f"SELECT coalesce(cardinality(parameter_types), 0) FROM pg_prepared_statements WHERE name = '{name}'"  # noqa: S608 - our own name
    number = connection.exec_driver_sql(of_types).scalar_one()
    values = f"({', '.join(['NULL'] * number)})" if number else ""
    return list(connection.exec_driver_sql(f"EXPLAIN EXECUTE {name}{values}").scalars())
