"""Connects to PostgreSQL, and sets the timeouts of transactions behind PgBouncer."""

from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import Dialect

from sessionscope.database.backends.postgresql.arguments import server_timeouts
from sessionscope.settings import DatabaseSettings


def connect(dialect: Dialect, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """See `Backend.connect`."""
    errors: Any = dialect.loaded_dbapi
    try:
        return dialect.connect(*arguments, **keywords)
    except errors.OperationalError:
        raise
    except (OSError, errors.Error) as error:
        # A TimeoutError is an OSError too.
        reason = str(error) or "no answer in time"
        # SQLAlchemy's class for asyncpg takes the SQLSTATE from the second argument.
        details = (error,) if dialect.driver == "asyncpg" else ()
        raise errors.OperationalError(reason, *details) from error


def prepare_postgresql(engine: Engine, settings: DatabaseSettings) -> None:
    """Behind PgBouncer, let each transaction set its own timeouts: it may have another server connection."""
    if settings.pgbouncer:
        event.listen(engine, "begin", partial(_limit_transaction, statement=_transaction_limits(settings)))


def _transaction_limits(settings: DatabaseSettings) -> str:
    limits = (f"set_config('{name}', '{limit}', true)" for name, limit in server_timeouts(settings).items())
    return f"SELECT {', '.join(limits)}"


def _limit_transaction(connection: Connection, *, statement: str) -> None:
    raw: Any = connection.connection.dbapi_connection
    # In autocommit there is no transaction to set them for.
    if not connection.dialect.detect_autocommit_setting(raw):
        connection.exec_driver_sql(statement)
