"""An INSERT that does nothing if the row is there.

INSERT IGNORE would hide other errors too, such as a missing row that a foreign key refers to.

Sources: https://dev.mysql.com/doc/refman/8.4/en/insert-on-duplicate.html,
https://dev.mysql.com/doc/refman/8.4/en/information-functions.html#function_last-insert-id
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Connection, Table, and_, case, func, literal_column, select
from sqlalchemy.dialects.mysql import insert

# What LAST_INSERT_ID(...) leaves as the statement's id if the row is there. They are larger than any id in use.
_SAME_KEY: Final = 2**63 - 1
_OTHER_KEY: Final = 2**63 - 2
_BIG: Final = BigInteger()


def insert_if_absent(
    connection: Connection, table: Table, values: Mapping[str, Any], key: Sequence[Column[Any]]
) -> bool:
    """See `Backend.insert_if_absent`.

    ON DUPLICATE KEY UPDATE is for any unique key, and its row count doesn't tell an inserted row from one that keeps
    its values. So the update sets a column to itself, and the statement's id to a mark.
    """
    statement = insert(table).values(values)
    is_same = and_(*(column == statement.inserted[column.key] for column in key))
    mark = case((is_same, literal_column(str(_SAME_KEY), _BIG)), else_=literal_column(str(_OTHER_KEY), _BIG))
    itself = case((func.last_insert_id(mark) > 0, key[0]), else_=key[0])
    marked = connection.execute(statement.on_duplicate_key_update({key[0].key: itself})).lastrowid
    if marked not in (_SAME_KEY, _OTHER_KEY):
        return True
    if marked == _OTHER_KEY and not _exists(connection, values, key):
        # The row collides by another key. This raises the same error as on other databases.
        connection.execute(statement)
    return False


def _exists(connection: Connection, values: Mapping[str, Any], key: Sequence[Column[Any]]) -> bool:
    is_same = and_(*(column == values[column.key] for column in key))
    return connection.execute(select(key[0]).where(is_same).with_for_update(read=True)).first() is not None
