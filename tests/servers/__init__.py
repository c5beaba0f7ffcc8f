"""Private database servers for tests, started from the installed programs and stopped with the run.

``tests.servers.plugin`` is the pytest plugin; ``python -m tests.servers`` starts one by hand.
Linux only; elsewhere the servers of ``compose.yaml`` serve, named by ``APP_TEST_POSTGRESQL_URL``
and ``APP_TEST_MYSQL_URL``.
"""

from tests.servers.galera import Galera
from tests.servers.mariadb import MariaDB
from tests.servers.pair import PostgreSQLPair
from tests.servers.pgbouncer import PgBouncer
from tests.servers.postgresql import PostgreSQL
from tests.servers.programs import MissingBinary
from tests.servers.running import RunningServer

__all__ = ["Galera", "MariaDB", "MissingBinary", "PgBouncer", "PostgreSQL", "PostgreSQLPair", "RunningServer"]
