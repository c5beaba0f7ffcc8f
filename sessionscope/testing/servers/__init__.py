"""Private database servers for tests, started from the installed programs and stopped with the run.

``sessionscope.testing.servers.plugin`` is the pytest plugin; ``python -m sessionscope.testing.servers``
starts one by hand.
Linux only; elsewhere the servers of ``compose.yaml`` serve, named by ``APP_TEST_POSTGRESQL_URL``
and ``APP_TEST_MYSQL_URL``.
"""

from sessionscope.testing.servers.galera import Galera
from sessionscope.testing.servers.mariadb import MariaDB
from sessionscope.testing.servers.pair import PostgreSQLPair
from sessionscope.testing.servers.pgbouncer import PgBouncer
from sessionscope.testing.servers.postgresql import PostgreSQL
from sessionscope.testing.servers.programs import MissingBinary
from sessionscope.testing.servers.running import RunningServer

__all__ = ["Galera", "MariaDB", "MissingBinary", "PgBouncer", "PostgreSQL", "PostgreSQLPair", "RunningServer"]
