"""Where the network is cut: a service beside the tests, and servers on hosts of a test network."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from time import sleep
from typing import Final

from sqlalchemy import URL

from resilience.database import opened
from resilience.places import serve
from resilience.service import Service
from sessionscope.testing.servers import Host, MariaDB, Network, PgBouncer, PostgreSQL, PostgreSQLPair
from sessionscope.testing.servers.shared import Run

# Until then, the commits that wait for a standby are in the middle.
_COMMITS_WAIT_SECONDS: Final = 1.0
# A session can't set these. Without them, a client that was cut off while it was idle keeps its locks for hours.
_KEEPALIVES: Final = ("--tcp-keepalive-time=5", "--tcp-keepalive-interval=3", "--tcp-keepalive-probes=3")


@dataclass
class Ground:
    """A service, and a network that is in order.

    Attributes:
        name: A short name that says which two sides are cut off from each other, and which driver the service uses.
        audited: The URL of the database for the audit, after `heal`.
        cut: Cuts the network silently.
        heal: Undoes the cut.
        is_plain: Whether the service is cut from its server, and nothing else, so that its promises count.
    """

    name: str
    version: str
    service: Service
    audited: URL
    cut: Callable[[], None]
    heal: Callable[[], None]
    is_plain: bool = False


@contextmanager
def postgresql(run: Run, driver: str, *, one_way: bool = False) -> Generator[Ground, None, None]:
    """Cut the service from PostgreSQL; with *one_way*, only the way from the server to the service."""
    with Network() as network, run.own(PostgreSQL, host=network.host()) as server:
        cut = partial(network.cut, _host(server), network.here, one_way=one_way)
        with _served(run, server.url(driver=driver), _admin(server)) as service:
            name = f"{driver}, one way" if one_way else driver
            yield Ground(name, _version(server), service, _admin(server), cut, network.heal, is_plain=True)


@contextmanager
def mariadb(run: Run, driver: str) -> Generator[Ground, None, None]:
    """Cut the service from MariaDB."""
    with Network() as network, run.own(MariaDB, host=network.host(), options=_KEEPALIVES) as server:
        audited = server.url(driver="pymysql", admin=True)
        cut = partial(network.cut, _host(server), network.here)
        with _served(run, server.url(driver=driver), audited) as service:
            yield Ground(driver, server.sql("SELECT version()"), service, audited, cut, network.heal, is_plain=True)


@contextmanager
def commit(run: Run, driver: str) -> Generator[Ground, None, None]:
    """Cut the service from PostgreSQL while its commits wait for a standby, which was cut off one second before."""
    with _pair(run) as (network, pair):
        primary, standby = _host(pair.primary), _host(pair.standby)

        def cut() -> None:
            network.cut(primary, standby)
            sleep(_COMMITS_WAIT_SECONDS)
            network.cut(primary, network.here)

        with _served(run, pair.primary.url(driver=driver), _admin(pair.primary)) as service:
            name = f"{driver}, in the middle of COMMIT"
            yield Ground(name, _version(pair.primary), service, _admin(pair.primary), cut, network.heal)


@contextmanager
def standby(run: Run, driver: str) -> Generator[Ground, None, None]:
    """Cut the primary from its synchronous standby: commits wait, and the service reaches the primary."""
    with _pair(run) as (network, pair):
        cut = partial(network.cut, _host(pair.primary), _host(pair.standby))
        with _served(run, pair.primary.url(driver=driver), _admin(pair.primary)) as service:
            name = f"{driver}, primary from standby"
            yield Ground(name, _version(pair.primary), service, _admin(pair.primary), cut, network.heal)


@contextmanager
def replica(run: Run, driver: str) -> Generator[Ground, None, None]:
    """Cut the service from the replica that serves its reads; it still reaches the primary."""
    with _pair(run) as (network, pair):
        cut = partial(network.cut, _host(pair.standby), network.here)
        replicas = f'["{pair.standby.url(driver=driver).render_as_string(hide_password=False)}"]'
        settings = {"DATABASE__REPLICA_URLS": replicas}
        with _served(run, pair.primary.url(driver=driver), _admin(pair.primary), **settings) as service:
            name = f"{driver}, replica"
            yield Ground(name, _version(pair.primary), service, _admin(pair.primary), cut, network.heal)


@contextmanager
def pgbouncer(run: Run, driver: str) -> Generator[Ground, None, None]:
    """Cut PgBouncer from its server; the service reaches PgBouncer."""
    with (
        Network() as network,
        run.own(PostgreSQL, host=network.host()) as server,
        run.own(PgBouncer, server, host=network.host()) as bouncer,
    ):
        cut = partial(network.cut, _host(bouncer), _host(server))
        with _served(run, bouncer.url(driver=driver), _admin(server), DATABASE__PGBOUNCER="true") as service:
            name = f"{driver}, PgBouncer from server"
            yield Ground(name, _version(server), service, _admin(server), cut, network.heal)


GROUNDS: Final[dict[str, Callable[[Run], AbstractContextManager[Ground]]]] = {
    "asyncpg": lambda run: postgresql(run, "asyncpg"),
    "psycopg": lambda run: postgresql(run, "psycopg"),
    "aiomysql": lambda run: mariadb(run, "aiomysql"),
    "asyncmy": lambda run: mariadb(run, "asyncmy"),
    "one-way": lambda run: postgresql(run, "asyncpg", one_way=True),
    "commit": lambda run: commit(run, "asyncpg"),
    "standby": lambda run: standby(run, "asyncpg"),
    "replica": lambda run: replica(run, "asyncpg"),
    "pgbouncer": lambda run: pgbouncer(run, "asyncpg"),
}


@contextmanager
def _pair(run: Run) -> Generator[tuple[Network, PostgreSQLPair], None, None]:
    with Network() as network:
        hosts = (network.host(), network.host())
        with run.own(PostgreSQLPair, synchronous=True, hosts=hosts) as pair:
            yield network, pair


@contextmanager
def _served(run: Run, url: URL, audited: URL, **settings: str) -> Generator[Service, None, None]:
    """Serve the database at *url*, and create the accounts."""
    with serve(run, url, **settings) as service:
        with opened(audited) as (database,):
            database.fill()
        yield service


def _host(server: PostgreSQL | MariaDB | PgBouncer) -> Host:
    assert server.host is not None
    return server.host


def _admin(server: PostgreSQL) -> URL:
    return server.url(driver="psycopg", admin=True)


def _version(server: PostgreSQL) -> str:
    return server.sql("SHOW server_version").split()[0]
