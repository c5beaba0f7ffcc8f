"""An INSERT that does nothing if the row is there.

Source: https://www.sqlite.org/lang_upsert.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects.sqlite import insert


def insert_if_absent(
    connection: Connection, table: Table, values: Mapping[str, Any], key: Sequence[Column[Any]]
) -> bool:
    """See `Backend.insert_if_absent`."""
    statement = insert(table).values(values).on_conflict_do_nothing(index_elements=key)
    return connection.execute(statement.returning(key[0])).first() is not None
