"""What MySQL and MariaDB need to begin a transaction as they are told to."""

from typing import Any

from sqlalchemy import Connection, Engine, event

from sessionscope.database.options import ISOLATION_LEVEL, READ_ONLY, stands_alone
from sessionscope.settings import DatabaseSettings


def prepare_mysql(engine: Engine, settings: DatabaseSettings) -> None:
    """Let statements stand alone unless a transaction is begun, and begin it by a statement.

    The drivers' way is the other one round: a read that stands alone then costs four round trips
    to the server, for what is switched must be switched back.

    Args:
        engine: A sync engine, or the one inside an async engine.
        settings: Give the usual isolation level.
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
        # Of the next transaction alone: nothing is to be taken back.
        connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {level}")
    connection.exec_driver_sql("START TRANSACTION READ ONLY" if options.get(READ_ONLY) else "START TRANSACTION")
