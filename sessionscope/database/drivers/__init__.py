"""Translates a URL and the settings into the arguments of each driver. This is the only place that knows drivers."""

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
    """Return how the driver in *url* connects: a URL that it understands, its arguments, and the engine's set-up.

    Args:
        url: The URL with its driver, as `translate_driver` returns it.
        settings: The timeouts, and whether there is a PgBouncer. Arguments in the URL override the settings.

    Raises:
        ConfigurationError: An argument in the URL's query is unknown, given twice or of the wrong type.
    """
    return BACKENDS[url.get_backend_name()](url, settings)
