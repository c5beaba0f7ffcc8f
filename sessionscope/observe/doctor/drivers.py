"""Checks whether the drivers of a database are installed, and accept the arguments in its URLs."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from sqlalchemy import URL

from sessionscope.database.backends.diagnosis import Status
from sessionscope.database.engine import destination
from sessionscope.database.errors import MissingDriverError
from sessionscope.observe.doctor.findings import Finding
from sessionscope.observe.doctor.subjects import ExaminedDatabase
from sessionscope.settings import ConfigurationError


def check_drivers(database: ExaminedDatabase) -> Iterator[Finding]:
    """Yield the drivers of *database* and their versions, or what is wrong with them."""
    settings = database.settings
    found, faults = dict[str, None](), dict[str, None]()
    for url in (settings.url, *settings.replica_urls):
        for is_async in (False, True):
            try:
                found[_described(destination(url.get_secret_value(), settings, is_async=is_async).url)] = None
            except (MissingDriverError, ConfigurationError) as error:
                faults[str(error)] = None
    for what in faults:
        why = "no connection can be made with this driver"
        yield Finding("drivers", Status.FAILURE, database.name, what, why, "install it, or correct `database.url`")
    if not faults:
        yield Finding("drivers", Status.OK, database.name, f"{settings.url} with {', '.join(found)}")


def _described(url: URL) -> str:
    name = url.get_driver_name()
    if find_spec(name) is None:
        return f"{name} (part of Python)"
    version = str(getattr(import_module(name), "__version__", "")).partition(" ")[0]
    return f"{name} {version}".rstrip()
