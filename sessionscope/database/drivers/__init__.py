"""What each driver must be told to connect as a URL and the settings say; the drivers differ nowhere else."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import URL

from sessionscope.database.drivers import mysql, postgresql, sqlite
from sessionscope.database.drivers.words import Destination
from sessionscope.settings import DatabaseSettings

__all__ = ["Destination", "destination"]

BACKENDS: Final[dict[str, Callable[[URL, DatabaseSettings], Destination]]] = {
    "sqlite": sqlite.destination,
    "postgresql": postgresql.destination,
    "mysql": mysql.destination,
    "mariadb": mysql.destination,
}


def destination(url: URL, settings: DatabaseSettings) -> Destination:
    """Return *url* without what its driver would stumble over, the arguments to connect with, and what to say then.

    Args:
        url: With the driver in it, as `translate_driver` returns it.
        settings: Give the longest waits and the pooler; where the URL says something else, the URL is right.

    Raises:
        ConfigurationError: An argument in the URL's query is unknown, given twice or of a wrong kind.
    """
    return BACKENDS[url.get_backend_name()](url, settings)
