"""The file of an SQLite database: created once, for its owner only, and never again while a program uses it.

SQLite creates a missing file on each connect. If the file was deleted, the service would go on with an empty one,
and its open connections with a file that has no name any more.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

from sessionscope.database.backends.backend import Location

# For the owner only. SQLite gives the files of its log the same mode.
_MODE: Final = 0o600
# Key in a connection's `info`: its file.
_FILE: Final = "app_sqlite_file"


def guard_file(engine: Engine, location: Location) -> None:
    """Make *engine* create the file of *location* only if the file has never existed for this location.

    A connection to a file that was deleted or replaced is discarded at its checkout from the pool. A mode in the
    URL, such as ``mode=ro``, is kept.
    """

    @event.listens_for(engine, "do_connect")
    def do_connect(_dialect: object, _record: object, arguments: list[Any], keywords: dict[str, Any]) -> None:
        name, is_uri = str(arguments[0]), bool(keywords.get("uri"))
        if is_uri and "mode" in _query_of(name):
            return
        if location.must_exist:
            # SQLAlchemy uses the list for the next connection too, which then finds the mode in it.
            arguments[0] = _only_opened(name, is_uri=is_uri)
            keywords["uri"] = True
        else:
            _create(_path_of(name, is_uri=is_uri))

    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, record: Any) -> None:
        file = _path_in(dbapi_connection)
        identity = _identity(file)
        record.info[_FILE] = (file, identity)
        if identity is not None:
            location.must_exist = True

    @event.listens_for(engine, "checkout")
    def checkout(_connection: object, record: Any, _proxy: object) -> None:
        file, identity = record.info.get(_FILE, (None, None))
        if identity is not None and identity != _identity(file):
            raise InvalidatePoolError


def _only_opened(name: str, *, is_uri: bool) -> str:
    if not is_uri:
        return f"{Path(name).as_uri()}?mode=rw"
    return f"{name}{'&' if '?' in name else '?'}mode=rw"


def _create(path: str) -> None:
    # If this fails, SQLite reports the reason.
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE))


def _path_of(name: str, *, is_uri: bool) -> str:
    return unquote(urlsplit(name).path) if is_uri else name


def _query_of(name: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(name).query)


def _path_in(dbapi_connection: Any) -> Path:
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA database_list")
    path = Path(cursor.fetchall()[0][2])
    cursor.close()
    return path


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
