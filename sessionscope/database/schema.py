"""Creates, drops and finds tables, with a sync or an async engine.

With a sync engine, each function does its work at once; with an async engine, it returns an awaitable.
Services migrate with Alembic; these functions are for tests, examples and tools.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar, overload

from sqlalchemy import Connection, Engine, Table, inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from sessionscope.database.base import Base
from sessionscope.database.errors import UnknownTableError

T = TypeVar("T")
# A table, given by its name, its object or its mapped class.
TableLike = str | Table | type[Base]


@overload
def init_db(engine: Engine) -> None: ...
@overload
def init_db(engine: AsyncEngine) -> Coroutine[Any, Any, None]: ...
def init_db(engine: Engine | AsyncEngine) -> Coroutine[Any, Any, None] | None:
    """Create each table that the imported models declare and the database doesn't have."""
    return run(engine, Base.metadata.create_all)


@overload
def drop_db(engine: Engine) -> None: ...
@overload
def drop_db(engine: AsyncEngine) -> Coroutine[Any, Any, None]: ...
def drop_db(engine: Engine | AsyncEngine) -> Coroutine[Any, Any, None] | None:
    """Drop each table that the imported models declare, with all rows."""
    return run(engine, Base.metadata.drop_all)


@overload
def create_table(engine: Engine, table: TableLike) -> None: ...
@overload
def create_table(engine: AsyncEngine, table: TableLike) -> Coroutine[Any, Any, None]: ...
def create_table(engine: Engine | AsyncEngine, table: TableLike) -> Coroutine[Any, Any, None] | None:
    """Create a table if the database doesn't have it.

    Raises:
        UnknownTableError: No imported model declares a table of that name.
    """
    return run(engine, partial(_table(table).create, checkfirst=True))


@overload
def drop_table(engine: Engine, table: TableLike) -> None: ...
@overload
def drop_table(engine: AsyncEngine, table: TableLike) -> Coroutine[Any, Any, None]: ...
def drop_table(engine: Engine | AsyncEngine, table: TableLike) -> Coroutine[Any, Any, None] | None:
    """Drop a table with all its rows if it exists. Raises the same errors as `create_table`."""
    return run(engine, partial(_table(table).drop, checkfirst=True))


@overload
def table_exists(engine: Engine, table: TableLike) -> bool: ...
@overload
def table_exists(engine: AsyncEngine, table: TableLike) -> Coroutine[Any, Any, bool]: ...
def table_exists(engine: Engine | AsyncEngine, table: TableLike) -> Coroutine[Any, Any, bool] | bool:
    """Tell whether the database has the table. A table given by name need not be declared by a model."""
    name = table if isinstance(table, str) else _table(table).name

    def look(connection: Connection) -> bool:
        return inspect(connection).has_table(name)

    return run(engine, look)


def run(engine: Engine | AsyncEngine, work: Callable[[Connection], T]) -> Coroutine[Any, Any, T] | T:
    """Run *work* in a transaction on a connection of its own: at once with a sync engine, else when awaited."""
    if isinstance(engine, AsyncEngine):
        return _run_async(engine, work)
    with engine.begin() as connection:
        return work(connection)


async def _run_async(engine: AsyncEngine, work: Callable[[Connection], T]) -> T:
    async with engine.begin() as connection:
        return await connection.run_sync(work)


def _table(table: TableLike) -> Table:
    if isinstance(table, Table):
        return table
    if not isinstance(table, str):
        return Base.metadata.tables[table.__tablename__]
    if table not in Base.metadata.tables:
        raise UnknownTableError(table, sorted(Base.metadata.tables))
    return Base.metadata.tables[table]
