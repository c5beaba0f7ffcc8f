"""Chooses the drivers of the sync and the async engine from one URL."""

from importlib.util import find_spec
from typing import Final

from sqlalchemy import URL

from sessionscope.database.backends import ALL_BACKENDS, backend_of
from sessionscope.database.errors import MissingDriverError

# By what a URL begins with, such as ``mysql+asyncmy``.
DRIVERS: Final = {name: pair for backend in ALL_BACKENDS for name, pair in backend.drivers.items()}


def translate_driver(url: URL, *, is_async: bool) -> URL:
    """Return *url* with the driver for the sync or the async engine; everything else is kept.

    Raises:
        MissingDriverError: The driver's package is not installed.
    """
    drivers = DRIVERS[url.drivername]
    drivername = drivers.asynchronous if is_async else drivers.sync
    dialect, _, module = drivername.partition("+")
    # The drivers of a database without a server are always installed.
    if not backend_of(dialect).is_embedded and find_spec(module) is None:
        raise MissingDriverError(drivername, module)
    return url.set(drivername=drivername)
