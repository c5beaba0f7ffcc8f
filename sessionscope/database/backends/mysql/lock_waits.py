"""Reads which connections to MySQL or MariaDB wait for each other."""

from collections import defaultdict
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from sessionscope.database.backends.diagnosis import NotKnownError, ServerConnection
from sessionscope.database.backends.mysql.failures import number_of

# Each pair of a waiting and a blocking connection, with the table of the lock. The two servers have different tables.
# Source: https://mariadb.com/kb/en/information-schema-innodb_lock_waits-table/
_MARIADB: Final = text("""
SELECT waiting.trx_mysql_thread_id, blocking.trx_mysql_thread_id, wanted.lock_table
FROM information_schema.INNODB_LOCK_WAITS w
JOIN information_schema.INNODB_TRX waiting ON waiting.trx_id = w.requesting_trx_id
JOIN information_schema.INNODB_TRX blocking ON blocking.trx_id = w.blocking_trx_id
LEFT JOIN information_schema.INNODB_LOCKS wanted ON wanted.lock_id = w.requested_lock_id
""")
# Source: https://dev.mysql.com/doc/refman/8.4/en/sys-innodb-lock-waits.html
_MYSQL: Final = text("""
SELECT waiting.trx_mysql_thread_id, blocking.trx_mysql_thread_id,
       CONCAT(wanted.OBJECT_SCHEMA, '.', wanted.OBJECT_NAME)
FROM performance_schema.data_lock_waits w
JOIN information_schema.INNODB_TRX waiting ON waiting.trx_id = w.REQUESTING_ENGINE_TRANSACTION_ID
JOIN information_schema.INNODB_TRX blocking ON blocking.trx_id = w.BLOCKING_ENGINE_TRANSACTION_ID
LEFT JOIN performance_schema.data_locks wanted ON wanted.ENGINE_LOCK_ID = w.REQUESTING_ENGINE_LOCK_ID
""")
_CONNECTIONS: Final = text("""
SELECT p.ID, p.USER, p.HOST, p.COMMAND, p.TIME, p.STATE, p.INFO,
       TIMESTAMPDIFF(SECOND, t.trx_started, NOW()), TIMESTAMPDIFF(SECOND, t.trx_wait_started, NOW())
FROM information_schema.PROCESSLIST p
LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID
""")
# The servers don't tell which connection has a table's metadata lock, unless a plugin or an instrument is on.
_METADATA: Final = "Waiting for table metadata lock"
_DENIED: Final = (1142, 1143, 1227, 1044)
_GRANT: Final = "GRANT PROCESS ON *.* TO the user{more}, or run this command as another user"


def read_blocked(connection: Connection) -> list[ServerConnection]:
    """See `Diagnosis.blocked`."""
    is_mariadb = getattr(connection.dialect, "is_mariadb", False)
    try:
        pairs = connection.execute(_MARIADB if is_mariadb else _MYSQL).all()
        rows = connection.execute(_CONNECTIONS).all()
    except DBAPIError as error:
        if number_of(error) not in _DENIED:
            raise
        more = "" if is_mariadb else " and SELECT ON performance_schema.*"
        raise NotKnownError("this user may not see the locks of others", _GRANT.format(more=more)) from error
    return _joined(pairs, rows)


def _joined(pairs: Any, rows: Any) -> list[ServerConnection]:
    blockers: defaultdict[int, dict[int, None]] = defaultdict(dict)
    tables: dict[int, str] = {}
    for waiting, blocking, table in pairs:
        blockers[waiting][blocking] = None
        tables[waiting] = f"a row of {_plain(table)}" if table else "a row"
    blocking_ids = {each for found in blockers.values() for each in found}
    found = [_read(row, blockers.get(row[0], {}), tables.get(row[0], "")) for row in rows]
    return [each for each in found if each.waits_for or each.id in blocking_ids]


def _read(row: Any, blockers: dict[int, None], wanted: str) -> ServerConnection:
    number, user, host, command, in_state, state, info, in_transaction, in_wait = row
    waits_for = wanted or ("a table's metadata lock" if state == _METADATA else "")
    open_for = in_transaction if in_transaction is not None else in_state
    waits_since = in_wait if in_wait is not None else in_state
    seconds = waits_since if waits_for else open_for
    return ServerConnection(
        id=number,
        user=user or "",
        client=host or "",
        # A connection that sleeps in a transaction keeps its locks.
        state="idle in transaction" if command == "Sleep" and in_transaction is not None else (command or "").lower(),
        seconds=None if seconds is None else float(seconds),
        statement=info or "",
        waits_for=waits_for,
        blocked_by=tuple(blockers),
        end=f"KILL {number}",
    )


def _plain(table: str) -> str:
    return table.replace("`", "")
