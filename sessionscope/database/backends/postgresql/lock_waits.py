"""Reads which connections to PostgreSQL wait for each other."""

from typing import Any, Final

from sqlalchemy import Connection, text

from sessionscope.database.backends.diagnosis import ServerConnection

# A connection that waits has one lock that is not granted, which every user may see. A row's lock is that of the
# transaction that changed it. The table is known if the connection also has the lock of the row's place, which is
# that of the first waiter.
# Source: https://www.postgresql.org/docs/current/view-pg-locks.html
_BLOCKED: Final = text("""
WITH waiting AS (
    SELECT pid, pg_blocking_pids(pid) AS blockers FROM (SELECT DISTINCT pid FROM pg_locks WHERE NOT granted) AS pids
), wanted AS (
    SELECT pid, min(mode) AS mode, min(locktype) AS kind FROM pg_locks WHERE NOT granted GROUP BY pid
), place AS (
    SELECT pid, min(relation::regclass::text) AS relation FROM pg_locks
    WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (locktype = 'tuple' OR NOT granted) GROUP BY pid
)
SELECT a.pid, a.application_name, a.usename, host(a.client_addr) AS client, a.state, a.query, waiting.blockers,
       wanted.mode, wanted.kind, place.relation,
       extract(epoch FROM clock_timestamp() - CASE WHEN waiting.pid IS NULL THEN a.xact_start ELSE a.query_start END)
FROM pg_stat_activity a
LEFT JOIN waiting USING (pid) LEFT JOIN wanted USING (pid) LEFT JOIN place USING (pid)
WHERE waiting.pid IS NOT NULL OR a.pid IN (SELECT unnest(blockers) FROM waiting)
ORDER BY a.xact_start, a.pid
""")
_PREPARED: Final = text("""
SELECT gid, owner, extract(epoch FROM clock_timestamp() - prepared) FROM pg_prepared_xacts
WHERE database = current_database() ORDER BY prepared
""")
# What pg_blocking_pids returns for a prepared transaction.
_NO_CONNECTION: Final = 0


def read_blocked(connection: Connection) -> list[ServerConnection]:
    """See `Diagnosis.blocked`."""
    found = [_read(row) for row in connection.execute(_BLOCKED)]
    if any(_NO_CONNECTION in each.blocked_by for each in found):
        found.append(_prepared(connection))
    return found


def _read(row: Any) -> ServerConnection:
    pid, application, user, client, state, query, blockers, mode, kind, relation, seconds = row
    # The same connection is listed several times if parallel processes work for it.
    return ServerConnection(
        id=pid,
        application=application or "",
        user=user or "",
        client=client or "",
        state=state or "",
        seconds=None if seconds is None else float(seconds),
        statement=query or "",
        waits_for=_wanted(mode, kind, relation) if blockers else "",
        blocked_by=tuple(dict.fromkeys(blockers or ())),
        end=f"SELECT pg_terminate_backend({pid})",
    )


def _wanted(mode: str | None, kind: str | None, relation: str | None) -> str:
    what = {"transactionid": "a row", "tuple": "a row", "relation": "the table", "advisory": "an advisory lock"}
    lock = what.get(kind or "", kind or "a lock")
    if lock == "a row":
        return f"a row of {relation}" if relation else lock
    return f"{lock} {relation} ({mode})" if relation else f"{lock} ({mode})"


def _prepared(connection: Connection) -> ServerConnection:
    """Return the oldest prepared transaction: the server doesn't tell which one blocks."""
    row = connection.execute(_PREPARED).first()
    gid, owner, seconds = row or ("", "", None)
    quoted = str(gid).replace("'", "''")
    return ServerConnection(
        id=_NO_CONNECTION,
        user=owner,
        state="prepared transaction",
        seconds=None if seconds is None else float(seconds),
        end=f"ROLLBACK PREPARED '{quoted}'" if gid else "SELECT gid FROM pg_prepared_xacts",
    )
