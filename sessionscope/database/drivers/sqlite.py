"""SQLite's arguments. Its dialect reads them itself, but ignores arguments that it doesn't know."""

from typing import Final

from sqlalchemy import URL, Engine

from sessionscope.database.drivers.words import Destination, read_words
from sessionscope.settings import DatabaseSettings

# Source: https://docs.python.org/3/library/sqlite3.html#sqlite3.connect
_DRIVERS: Final = ("uri", "timeout", "isolation_level", "detect_types", "check_same_thread", "cached_statements")
# SQLite's own arguments, for a URL with uri=true. Source: https://www.sqlite.org/uri.html
_FILES: Final = ("mode", "cache", "immutable", "nolock", "psow", "vfs", "modeof")


def destination(url: URL, settings: DatabaseSettings) -> Destination:  # noqa: ARG001 - a database in a file has no server
    """Return *url* unchanged. Raises the errors of `read_words`."""
    read_words(url, dict.fromkeys(_DRIVERS + _FILES * ("uri" in url.query), str))
    return Destination(url, {}, prepare=_nothing)


def _nothing(engine: Engine) -> None:
    """Do nothing: `sessionscope.database.sqlite` sets up every SQLite engine."""
