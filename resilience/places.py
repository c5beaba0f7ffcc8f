"""Where the bank runs: each kind of database, with the service in front of it."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import sqlite_version
from typing import Final

from sqlalchemy import URL

from resilience.database import Database, opened
from resilience.faults import Break, cut_network, kill_connection, kill_server, terminate_backend
from resilience.service import Service
from sessionscope.testing.servers import Galera, MariaDB, Network, PostgreSQL
from sessionscope.testing.servers.shared import Run

_POOL: Final = {"DATABASE__POOL_SIZE": "8"}


@dataclass
class Place:
    """A bank that is open.

    Attributes:
        services: Each of them can take every request.
        copies: The database on each of its servers, read directly; the audit checks each of them.
        often: Faults for every half second.
        once: Faults for the middle of the run.
        version: The version of the database server.
        mend: Starts again what the faults have ended for good.
    """

    name: str
    services: list[Service]
    copies: list[Database]
    version: str
    often: dict[str, Break] = field(default_factory=dict[str, Break])
    once: dict[str, Break] = field(default_factory=dict[str, Break])
    mend: Callable[[], None] = lambda: None


class File:
    """An SQLite file in a directory of its own, which `Run.own` gives it."""

    def __init__(self, directory: Path) -> None:
        self.url = URL.create("sqlite", database=str(directory / "bank.db"))

    def start(self) -> None:
        """Do nothing: SQLite has no server."""


@contextmanager
def sqlite(run: Run, name: str) -> Generator[Place, None, None]:
    """Serve an SQLite file."""
    with run.own(File) as file, _opened(run, [file.url], [file.url]) as (services, copies):
        yield Place(name, services, copies, sqlite_version)


@contextmanager
def postgresql(run: Run, name: str, **settings: str) -> Generator[Place, None, None]:
    """Serve a PostgreSQL server of the run's own."""
    with run.own(PostgreSQL) as server:
        past = server.url(driver="psycopg", admin=True)
        with _opened(run, [server.url()], [past], **settings) as (services, copies):
            often = {"backends terminated": terminate_backend(server)}
            yield Place(name, services, copies, server.sql("SHOW server_version").split()[0], often)


@contextmanager
def postgresql_behind_cuts(run: Run, name: str) -> Generator[Place, None, None]:
    """Serve a PostgreSQL server on a host of its own, whose network is cut in the middle of the run."""
    with Network() as network:
        host = network.host()
        with run.own(PostgreSQL, host=host) as server:
            past = server.url(driver="psycopg", admin=True)
            with _opened(run, [server.url()], [past]) as (services, copies):
                often = {"backends terminated": terminate_backend(server)}
                once = {"network cut": cut_network(network, host)}
                yield Place(name, services, copies, server.sql("SHOW server_version").split()[0], often, once)


@contextmanager
def mariadb(run: Run, name: str) -> Generator[Place, None, None]:
    """Serve a MariaDB server of the run's own."""
    with run.own(MariaDB) as server:
        past = server.url(driver="pymysql", admin=True)
        with _opened(run, [server.url()], [past]) as (services, copies):
            often = {"connections killed": kill_connection(server)}
            yield Place(name, services, copies, server.sql("SELECT version()"), often)


@contextmanager
def galera(run: Run, name: str, *, victim: int) -> Generator[Place, None, None]:
    """Serve two of three nodes. The *victim* is killed during the run, and started again at the end."""
    with run.own(Galera) as cluster:
        written = cluster.nodes[:2]
        past = [node.url(driver="pymysql", admin=True) for node in cluster.nodes]
        with _opened(run, [node.url() for node in written], past) as (services, copies):
            often = {"connections killed": kill_connection(*written)}
            once = {"nodes killed": kill_server(cluster.nodes[victim])}
            version = cluster.nodes[0].sql("SELECT version()")
            yield Place(name, services, copies, version, often, once, mend=cluster.start)


PLACES: Final[dict[str, Callable[[Run], AbstractContextManager[Place]]]] = {
    "sqlite": lambda run: sqlite(run, "SQLite"),
    "postgresql": lambda run: postgresql(run, "PostgreSQL, read committed"),
    "postgresql-serializable": lambda run: postgresql(
        run, "PostgreSQL, serializable", DATABASE__ISOLATION_LEVEL="SERIALIZABLE"
    ),
    "postgresql-cut": lambda run: postgresql_behind_cuts(run, "PostgreSQL, whose network is cut"),
    "mariadb": lambda run: mariadb(run, "MariaDB"),
    "galera": lambda run: galera(run, "Galera, a node beside dies", victim=2),
    "galera-written": lambda run: galera(run, "Galera, a node that is written to dies", victim=1),
}


@contextmanager
def _opened(
    run: Run, urls: list[URL], past: list[URL], **settings: str
) -> Generator[tuple[list[Service], list[Database]], None, None]:
    """Start a service for each of *urls*, create the accounts, and open the databases at the URLs in *past*."""
    with ExitStack() as stack:
        services = [stack.enter_context(serve(run, url, **settings)) for url in urls]
        copies = stack.enter_context(opened(*past))
        copies[0].fill()
        yield services, copies


def serve(run: Run, url: URL, **settings: str) -> AbstractContextManager[Service]:
    """Return a context manager that runs a service on the database at *url*."""
    where = {"DATABASE__URL": url.render_as_string(hide_password=False)}
    return run.own(Service, {**where, **_POOL, **settings})
