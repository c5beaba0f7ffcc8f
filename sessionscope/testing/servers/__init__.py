"""Private database servers for tests, started from the installed programs and stopped at the end of the run.

Use the pytest plugin ``sessionscope.testing.servers.plugin``, or start a server by hand with
``python -m sessionscope.testing.servers``. This package works only on Linux. On other systems, use the servers of
``compose.tests.yaml``, and set ``APP_TEST_POSTGRESQL_URL`` and ``APP_TEST_MYSQL_URL`` to their URLs.
"""

from sessionscope.testing.servers.galera import Galera
from sessionscope.testing.servers.host import Host
from sessionscope.testing.servers.mariadb import MariaDB
from sessionscope.testing.servers.network import Network
from sessionscope.testing.servers.pair import PostgreSQLPair
from sessionscope.testing.servers.pgbouncer import PgBouncer
from sessionscope.testing.servers.postgresql import PostgreSQL
from sessionscope.testing.servers.programs import MissingBinary
from sessionscope.testing.servers.proxy import SlowProxy
from sessionscope.testing.servers.running import RunningServer

__all__ = [
    "Galera",
    "Host",
    "MariaDB",
    "MissingBinary",
    "Network",
    "PgBouncer",
    "PostgreSQL",
    "PostgreSQLPair",
    "RunningServer",
    "SlowProxy",
]
