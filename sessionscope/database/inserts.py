"""Inserts a row if there is none with the same key, or else updates that row, in the transaction of a session."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Column, PrimaryKeyConstraint, Table, UniqueConstraint, inspect, update
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session

from sessionscope.database.backends import backend_of
from sessionscope.database.errors import RowDeletedError
from sessionscope.database.session import send
from sessionscope.database.session_state import state_of

Key = Sequence[InstrumentedAttribute[Any]]


def insert_if_absent(session: Session, model: type[DeclarativeBase], values: Mapping[str, Any], *, key: Key) -> bool:
    """Insert a row unless there is a row with the same key; return whether it was inserted.

    If another transaction has inserted such a row and not ended yet, this one waits for it. Several transactions may
    do the same at the same time; one of them inserts the row.

    It is one INSERT statement: column defaults apply, but the mapped class is not instantiated. In a transaction with
    snapshots (REPEATABLE READ), the unit of work may have to run again to see the row of another one.

    Args:
        session: A session in a transaction. In an async unit of work, call this with `AsyncSession.run_sync`.
        model: The mapped class.
        values: The row's values by the names of attributes, with those of *key*.
        key: The attributes of the primary key, or of a unique constraint or index, such as ``[Book.isbn]``.

    Raises:
        IntegrityError: The row breaks another constraint, such as another unique key.
        ValueError: The table has no such unique key, or *values* lacks a part of it.
    """
    session.flush()
    columns = [_column(model, attribute.key) for attribute in key]
    row = {_column(model, name).key: value for name, value in values.items()}
    _check(_table(model), columns, row)
    connection = session.connection()
    is_new = backend_of(connection.dialect.name).insert_if_absent(connection, _table(model), row, columns)
    if is_new:
        state_of(session).change()
    return is_new


def upsert(
    session: Session,
    model: type[DeclarativeBase],
    values: Mapping[str, Any],
    *,
    key: Key,
    changes: Mapping[str, Any] | None = None,
) -> bool:
    """Insert a row, or change the row with the same key; return whether it was inserted.

    It is one statement for a new row, and a second one, an UPDATE, for a row that exists. So `onupdate` applies, as
    for `Timestamps`. Mapped objects that the session has loaded are not updated.

    Args:
        session: As for `insert_if_absent`.
        model: The mapped class.
        values: As for `insert_if_absent`.
        key: As for `insert_if_absent`.
        changes: What to set if the row exists: values or expressions, such as ``{"count": Visit.count + 1}``. All
            *values* by default.

    Raises:
        RowDeletedError: Another transaction deleted the row in between. A unit of work runs again by itself.
        IntegrityError: As for `insert_if_absent`.
        ValueError: As for `insert_if_absent`.
    """
    if insert_if_absent(session, model, values, key=key):
        return True
    table, names = _table(model), [attribute.key for attribute in key]
    is_same = [_column(model, name) == values[name] for name in names]
    if changes is None:
        changes = {name: value for name, value in values.items() if name not in names}
    if changes:
        new = {_column(model, name): value for name, value in changes.items()}
        if not send(session, update(table).where(*is_same).values(new), {}).rowcount:
            raise RowDeletedError(table.name)
    return False


def _table(model: type[DeclarativeBase]) -> Table:
    return cast("Table", model.__table__)


def _column(model: type[DeclarativeBase], name: str) -> Column[Any]:
    return cast("Column[Any]", inspect(model).column_attrs[name].columns[0])


def _check(table: Table, key: list[Column[Any]], row: Mapping[str, Any]) -> None:
    known = sorted(sorted(column.name for column in columns) for columns in _unique_keys(table))
    names = sorted(column.name for column in key)
    if names not in known:
        raise ValueError(f"{', '.join(names)} is not a unique key of {table.name}: {'; '.join(map(', '.join, known))}")
    missing = [column.key for column in key if column.key not in row]
    if missing:
        raise ValueError(f"values for {table.name} lack a part of the key: {', '.join(missing)}")


def _unique_keys(table: Table) -> Iterator[list[Column[Any]]]:
    for constraint in table.constraints:
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint):
            yield list(constraint.columns)
    for index in table.indexes:
        # A partial index, or one of expressions, is not a key of all rows.
        if index.unique and not index.dialect_kwargs and len(index.columns) == len(index.expressions):
            yield list(index.columns)
