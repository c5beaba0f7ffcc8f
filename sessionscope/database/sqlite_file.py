"""The file of an SQLite database: made once, for its owner alone, and never made anew under a program that uses it.

SQLite makes a file that is missing, whoever connects. A service whose file was deleted would go on with an empty one,
and its open connections with a file that has no name any more.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

from sessionscope.database.location import DatabaseLocation

# For its owner alone; SQLite gives the files of its log the same mode.
_MODE: Final = 0o600
# Kept with a connection: which file it is to.
_FILE: Final = "app_sqlite_file"


def guard_file(engine: Engine, location: DatabaseLocation) -> None:
    """Let *engine* open the file of *location*, and create it only until it was there once.

    A connection to a file that was deleted or replaced is given up when it is taken from the pool. A mode that is
    written in the URL, as ``mode=ro``, stays as it is.
    """

    @event.listens_for(engine, "do_connect")
    def do_connect(_dialect: object, _record: object, arguments: list[Any], keywords: dict[str, Any]) -> None:
        name, is_uri = str(arguments[0]), bool(keywords.get("uri"))
        if is_uri and "mode" in _query_of(name):
            return
        if location.must_exist:
            # SQLAlchemy keeps the list for the next connection, which finds the mode in it.
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
    # What stands in the way is told by SQLite.
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
