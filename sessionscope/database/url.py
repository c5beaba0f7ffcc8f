"""Chooses the drivers of the sync and the async engine from one URL."""

from importlib.util import find_spec
from typing import Final, NamedTuple

from sqlalchemy import URL

from sessionscope.database.errors import MissingDriverError


class Drivers(NamedTuple):
    """The pair of SQLAlchemy driver names for a URL."""

    sync: str
    asynchronous: str


DRIVERS: Final = {
    "sqlite": Drivers("sqlite+pysqlite", "sqlite+aiosqlite"),
    "sqlite+pysqlite": Drivers("sqlite+pysqlite", "sqlite+aiosqlite"),
    "sqlite+aiosqlite": Drivers("sqlite+pysqlite", "sqlite+aiosqlite"),
    "postgres": Drivers("postgresql+psycopg", "postgresql+asyncpg"),
    "postgresql": Drivers("postgresql+psycopg", "postgresql+asyncpg"),
    "postgresql+psycopg": Drivers("postgresql+psycopg", "postgresql+psycopg"),
    "postgresql+psycopg2": Drivers("postgresql+psycopg2", "postgresql+asyncpg"),
    "postgresql+asyncpg": Drivers("postgresql+psycopg", "postgresql+asyncpg"),
    "mysql": Drivers("mysql+pymysql", "mysql+aiomysql"),
    "mysql+pymysql": Drivers("mysql+pymysql", "mysql+aiomysql"),
    "mysql+aiomysql": Drivers("mysql+pymysql", "mysql+aiomysql"),
    "mysql+asyncmy": Drivers("mysql+pymysql", "mysql+asyncmy"),
    "mariadb": Drivers("mariadb+pymysql", "mariadb+aiomysql"),
    "mariadb+pymysql": Drivers("mariadb+pymysql", "mariadb+aiomysql"),
    "mariadb+aiomysql": Drivers("mariadb+pymysql", "mariadb+aiomysql"),
    "mariadb+asyncmy": Drivers("mariadb+pymysql", "mariadb+asyncmy"),
}


def translate_driver(url: URL, *, is_async: bool) -> URL:
    """Return *url* with the driver for the sync or the async engine; everything else is kept.

    Raises:
        MissingDriverError: The driver's package is not installed.
    """
    drivers = DRIVERS[url.drivername]
    drivername = drivers.asynchronous if is_async else drivers.sync
    backend, _, module = drivername.partition("+")
    # SQLite's drivers are always installed.
    if backend != "sqlite" and find_spec(module) is None:
        raise MissingDriverError(drivername, module)
    return url.set(drivername=drivername)
