"""Sets up connections to MySQL and MariaDB, and begins their transactions."""

from math import ceil
from typing import Any, Final

from sqlalchemy import Connection, Engine, event

from sessionscope.database.backends.mysql.lost_sessions import LostSessions
from sessionscope.database.options import stands_alone
from sessionscope.settings import DatabaseSettings

# Execution option: the transaction's isolation level, in place of the setting.
ISOLATION_LEVEL: Final = "app_isolation_level"
# Execution option: the transaction can't write.
READ_ONLY: Final = "app_read_only"


def prepare_mysql(engine: Engine, settings: DatabaseSettings) -> None:
    """Keep connections in autocommit, and begin each transaction with a statement.

    The drivers do the opposite: a read in autocommit then costs four round trips to the server, because
    autocommit must be switched on and off again.

    Args:
        engine: A sync engine, or the one inside an async engine.
        settings: The settings, with the timeouts and the default isolation level.
    """
    statements = [_session_settings(settings)]
    if settings.isolation_level is not None:
        statements.append(f"SET SESSION TRANSACTION ISOLATION LEVEL {settings.isolation_level}")

    lost_sessions = LostSessions(engine)

    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, record: object) -> None:
        try:
            cursor = dbapi_connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            cursor.close()
            dbapi_connection.autocommit(True)
            lost_sessions.begin(dbapi_connection, record)
        except BaseException:
            # The pool doesn't know the connection yet.
            dbapi_connection.close()
            raise

    event.listen(engine, "begin", _begin)


def _session_settings(settings: DatabaseSettings) -> str:
    """Return the statement that sets the timeouts, and the strict mode, without which the server truncates values."""
    # Whole seconds, at least one: the servers take 0 for no wait at all, or refuse it.
    lock_timeout = ceil(settings.lock_timeout)
    strict = (
        "IF(@@SESSION.sql_mode LIKE '%STRICT\\_%', @@SESSION.sql_mode,"
        " CONCAT(@@SESSION.sql_mode, ',STRICT_TRANS_TABLES'))"
    )
    assignments = f"innodb_lock_wait_timeout = {lock_timeout}, lock_wait_timeout = {lock_timeout}, sql_mode = {strict}"
    limit = settings.statement_timeout
    if limit is not None:
        # Each server ignores the other's limit as a comment. MySQL's is in milliseconds, and for queries only.
        assignments += (
            f" /*M! , max_statement_time = {limit} */ /*!50708 , max_execution_time = {ceil(limit * 1000)} */"
        )
    return f"SET SESSION {assignments}"


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if stands_alone(options):
        return
    if level := options.get(ISOLATION_LEVEL):
        # It applies to the next transaction only, so there is nothing to reset.
        connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {level}")
    connection.exec_driver_sql("START TRANSACTION READ ONLY" if options.get(READ_ONLY) else "START TRANSACTION")
