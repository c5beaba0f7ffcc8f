"""What PostgreSQL tells about itself. Implements `Diagnosis`."""

from collections.abc import Iterator
from typing import ClassVar

from sqlalchemy import Connection, text

from sessionscope.database.backends.diagnosis import (
    Capacity,
    Observation,
    Order,
    ServerConnection,
    SlowStatement,
    Status,
)
from sessionscope.database.backends.postgresql.lock_waits import read_blocked
from sessionscope.database.backends.postgresql.plans import explain
from sessionscope.database.backends.postgresql.statistics import read_slowest
from sessionscope.settings import DatabaseSettings

# Each limit that applies, by the setting that has it. -1 means that there is none.
_LIMITS = text("""
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
       - coalesce(nullif(current_setting('reserved_connections', true), ''), '0')::int AS max_connections,
       (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS role,
       (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS database
""")
_IN_USE = text("""
SELECT count(*) FILTER (WHERE is_own), count(*) FILTER (WHERE NOT is_own) FROM (
    SELECT usename = current_user AND application_name = current_setting('application_name') AS is_own
    FROM pg_stat_activity WHERE backend_type = 'client backend'
) AS connections
""")
_NAMES = {"role": "the CONNECTION LIMIT of the role", "database": "the CONNECTION LIMIT of the database"}


class PostgreSQLDiagnosis:
    """Implements `Diagnosis`."""

    explains_writes_read_only: ClassVar = True

    def version(self, connection: Connection) -> str:
        """See `Diagnosis.version`."""
        return f"PostgreSQL {connection.scalar(text('SHOW server_version'))}".partition(" (")[0]

    def clock(self, connection: Connection) -> float:
        """See `Diagnosis.clock`."""
        return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())

    def capacity(self, connection: Connection) -> Capacity:
        """See `Diagnosis.capacity`.

        Source: https://www.postgresql.org/docs/current/runtime-config-connection.html
        """
        limits = connection.execute(_LIMITS).mappings().one()
        name, limit = min(
            ((str(name), limit) for name, limit in limits.items() if limit >= 0), key=lambda each: each[1]
        )
        own, others = connection.execute(_IN_USE).one()
        return Capacity(limit, _NAMES.get(name, name), own, others)

    def observe(self, connection: Connection, settings: DatabaseSettings) -> Iterator[Observation]:  # noqa: ARG002
        """See `Diagnosis.observe`."""
        if connection.scalar(text("SHOW transaction_read_only")) == "on":
            is_standby = connection.scalar(text("SELECT pg_is_in_recovery()"))
            yield Observation(
                "read_only_server",
                Status.FAILURE,
                "the server is a standby, which only reads" if is_standby else "each transaction is read-only",
                "no request can write",
                "let `database.url` lead to the primary, and name standbys in `database.replica_urls`"
                if is_standby
                else "set default_transaction_read_only to off, for the server, the database or the role",
            )

    def blocked(self, connection: Connection) -> list[ServerConnection]:
        """See `Diagnosis.blocked`."""
        return read_blocked(connection)

    def slowest(self, connection: Connection, order: Order, count: int) -> list[SlowStatement]:
        """See `Diagnosis.slowest`."""
        return read_slowest(connection, order, count)

    def explain(self, connection: Connection, statement: str, paramstyle: str) -> list[str]:
        """See `Diagnosis.explain`."""
        return explain(connection, statement, paramstyle)
