"""Checks whether the drivers of a database are installed, and accept the arguments in its URLs."""

from collections.abc import Iterator
from importlib.metadata import packages_distributions, version

from sqlalchemy import URL

from sessionscope.database.backends.diagnosis import Status
from sessionscope.database.engine import destination
from sessionscope.database.errors import MissingDriverError
from sessionscope.observe.doctor.findings import Finding
from sessionscope.observe.doctor.subjects import ExaminedDatabase
from sessionscope.settings import ConfigurationError


def check_drivers(database: ExaminedDatabase) -> Iterator[Finding]:
    """Yield the drivers of *database* and their versions, or what is wrong with them."""
    found: dict[str, None] = {}
    settings = database.settings
    for url in (settings.url, *settings.replica_urls):
        for is_async in (False, True):
            try:
                found[_described(destination(url.get_secret_value(), settings, is_async=is_async).url)] = None
            except (MissingDriverError, ConfigurationError) as error:
                why = "no connection can be made with this driver"
                remedy = "install it, or correct `database.url`"
                yield Finding("drivers", Status.FAILURE, database.name, str(error), why, remedy)
    if found:
        yield Finding("drivers", Status.OK, database.name, f"{settings.url} with {', '.join(found)}")


def _described(url: URL) -> str:
    name = url.get_driver_name()
    packages = packages_distributions().get(name, ())
    return f"{name} {version(packages[0])}" if packages else f"{name} (part of Python)"
