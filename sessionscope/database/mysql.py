"""Begins transactions on MySQL and MariaDB as their options say."""

from typing import Any

from sqlalchemy import Connection, Engine, event

from sessionscope.database.options import ISOLATION_LEVEL, READ_ONLY, stands_alone
from sessionscope.settings import DatabaseSettings


def prepare_mysql(engine: Engine, settings: DatabaseSettings) -> None:
    """Keep connections in autocommit, and begin each transaction with a statement.

    The drivers do the opposite: a read in autocommit then costs four round trips to the server, because
    autocommit must be switched on and off again.

    Args:
        engine: A sync engine, or the one inside an async engine.
        settings: The settings, with the default isolation level.
    """
    level = settings.isolation_level

    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.autocommit(True)
        if level is not None:
            cursor = dbapi_connection.cursor()
            cursor.execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")
            cursor.close()

    event.listen(engine, "begin", _begin)


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if stands_alone(options):
        return
    if level := options.get(ISOLATION_LEVEL):
        # It applies to the next transaction only, so there is nothing to reset.
        connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {level}")
    connection.exec_driver_sql("START TRANSACTION READ ONLY" if options.get(READ_ONLY) else "START TRANSACTION")
