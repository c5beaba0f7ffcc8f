"""An INSERT that does nothing if the row is there.

Source: https://www.postgresql.org/docs/current/sql-insert.html#SQL-ON-CONFLICT
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects.postgresql import insert


def insert_if_absent(
    connection: Connection, table: Table, values: Mapping[str, Any], key: Sequence[Column[Any]]
) -> bool:
    """See `Backend.insert_if_absent`."""
    statement = insert(table).values(values).on_conflict_do_nothing(index_elements=key)
    return connection.execute(statement.returning(key[0])).first() is not None
