"""Checks whether a database answers."""

import logging
from collections.abc import Coroutine
from typing import Any, overload

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from sessionscope.database.errors import failure_of
from sessionscope.database.schema import run

logger = logging.getLogger(__name__)


@overload
def ping(engine: Engine) -> bool: ...
@overload
def ping(engine: AsyncEngine) -> Coroutine[Any, Any, bool]: ...
def ping(engine: Engine | AsyncEngine) -> Coroutine[Any, Any, bool] | bool:
    """Tell whether the database answers a ``SELECT 1``. If it doesn't, the failure's code is logged.

    With an async engine, returns an awaitable of the result.
    """
    if isinstance(engine, AsyncEngine):
        return _async_ping(engine)
    try:
        run(engine, _select_one)
    except (SQLAlchemyError, OSError) as error:
        return _refused(error)
    return True


async def _async_ping(engine: AsyncEngine) -> bool:
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_select_one)
    except (SQLAlchemyError, OSError) as error:
        return _refused(error)
    return True


def _select_one(connection: Connection) -> None:
    connection.execute(select(1))


def _refused(error: Exception) -> bool:
    # Never log the driver's message, which may contain the connection string.
    failure = failure_of(error)
    why = f"{failure}: {failure.description}" if failure is not None else type(error).__name__
    logger.warning("the database does not answer: %s", why)
    return False
