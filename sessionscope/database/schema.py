"""Creating, dropping and finding tables, with a sync or an async engine.

With a sync engine each function does its work at once; with an async one it returns an awaitable that does.
Services migrate with Alembic; these are for tests, examples and tools.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar, overload

from sqlalchemy import Connection, Engine, Table, inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from sessionscope.database.base import Base
from sessionscope.database.errors import UnknownTableError

T = TypeVar("T")
# A table by its name, its object or its mapped class.
TableLike = str | Table | type[Base]


@overload
def init_db(engine: Engine) -> None: ...
@overload
def init_db(engine: AsyncEngine) -> Coroutine[Any, Any, None]: ...
def init_db(engine: Engine | AsyncEngine) -> Coroutine[Any, Any, None] | None:
    """Create every table that the imported models declare and the database lacks."""
    return run(engine, Base.metadata.create_all)


@overload
def drop_db(engine: Engine) -> None: ...
@overload
def drop_db(engine: AsyncEngine) -> Coroutine[Any, Any, None]: ...
def drop_db(engine: Engine | AsyncEngine) -> Coroutine[Any, Any, None] | None:
    """Drop every table that the imported models declare, with all rows."""
    return run(engine, Base.metadata.drop_all)


@overload
def create_table(engine: Engine, table: TableLike) -> None: ...
@overload
def create_table(engine: AsyncEngine, table: TableLike) -> Coroutine[Any, Any, None]: ...
def create_table(engine: Engine | AsyncEngine, table: TableLike) -> Coroutine[Any, Any, None] | None:
    """Create one table if the database lacks it.

    Raises:
        UnknownTableError: No imported model declares a table of that name.
    """
    return run(engine, partial(_table(table).create, checkfirst=True))


@overload
def drop_table(engine: Engine, table: TableLike) -> None: ...
@overload
def drop_table(engine: AsyncEngine, table: TableLike) -> Coroutine[Any, Any, None]: ...
def drop_table(engine: Engine | AsyncEngine, table: TableLike) -> Coroutine[Any, Any, None] | None:
    """Drop one table with all its rows, if it is there; errors as `create_table`."""
    return run(engine, partial(_table(table).drop, checkfirst=True))


@overload
def table_exists(engine: Engine, table: TableLike) -> bool: ...
@overload
def table_exists(engine: AsyncEngine, table: TableLike) -> Coroutine[Any, Any, bool]: ...
def table_exists(engine: Engine | AsyncEngine, table: TableLike) -> Coroutine[Any, Any, bool] | bool:
    """Tell whether the database has the table, declared by a model or not."""
    name = table if isinstance(table, str) else _table(table).name

    def look(connection: Connection) -> bool:
        return inspect(connection).has_table(name)

    return run(engine, look)


def run(engine: Engine | AsyncEngine, work: Callable[[Connection], T]) -> Coroutine[Any, Any, T] | T:
    """Do *work* in one transaction of a connection of its own, now or when awaited, as the engine's kind says."""
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
