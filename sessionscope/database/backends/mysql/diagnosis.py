"""What MySQL and MariaDB tell about themselves. Implements `Diagnosis`."""

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
from sessionscope.database.backends.mysql.lock_waits import read_blocked
from sessionscope.database.backends.mysql.plans import explain
from sessionscope.database.backends.mysql.statistics import read_slowest
from sessionscope.settings import DatabaseSettings

# The servers keep one more connection for administrators. 0 means that the user has no limit.
_LIMITS = text("SELECT @@GLOBAL.max_connections, @@SESSION.max_user_connections")
# Without the privilege PROCESS, the list has the user's own connections.
_OWN = text("""
SELECT count(*) FROM information_schema.PROCESSLIST WHERE USER = SUBSTRING_INDEX(CURRENT_USER(), '@', 1)
""")
_ALL = text("SHOW GLOBAL STATUS LIKE 'Threads_connected'")


class MySQLDiagnosis:
    """Implements `Diagnosis`."""

    explains_writes_read_only: ClassVar = False

    def version(self, connection: Connection) -> str:
        """See `Diagnosis.version`."""
        version = str(connection.scalar(text("SELECT VERSION()")))
        name = "MariaDB" if "mariadb" in version.lower() else "MySQL"
        return f"{name} {version.partition('-')[0]}"

    def clock(self, connection: Connection) -> float:
        """See `Diagnosis.clock`."""
        return float(connection.execute(text("SELECT UNIX_TIMESTAMP(SYSDATE(6))")).scalar_one())

    def capacity(self, connection: Connection) -> Capacity:
        """See `Diagnosis.capacity`."""
        of_server, of_user = connection.execute(_LIMITS).one()
        own = connection.execute(_OWN).scalar_one()
        if 0 < of_user < of_server:
            return Capacity(of_user, "max_user_connections", own, 0)
        others = max(0, int(connection.execute(_ALL).one()[1]) - own)
        return Capacity(of_server, "max_connections", own, others)

    def observe(self, connection: Connection, settings: DatabaseSettings) -> Iterator[Observation]:  # noqa: ARG002
        """See `Diagnosis.observe`."""
        if connection.scalar(text("SELECT @@GLOBAL.read_only")):
            yield Observation(
                "read_only_server",
                Status.FAILURE,
                "the server is read-only, as a replica is",
                "no request can write",
                "let `database.url` lead to the primary, and name replicas in `database.replica_urls`; or"
                " SET GLOBAL read_only = OFF",
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
