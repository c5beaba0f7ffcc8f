"""A connection with the interface of aiosqlite that works in the calling thread.

aiosqlite hands each call to a thread of its own, so that a slow statement doesn't block the event loop. A test's
statements take less time than that hand-over.

Source: https://aiosqlite.omnilib.dev/en/stable/api.html
"""

import sqlite3
from collections.abc import Generator
from typing import Any, Self


class InPlaceCursor:
    """The interface of ``aiosqlite.Cursor``. Attributes such as ``description`` are those of the plain cursor."""

    def __init__(self, raw: sqlite3.Cursor) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Any = ()) -> None:
        """Execute *statement*."""
        self._raw.execute(statement, parameters)

    async def executemany(self, statement: str, parameters: Any) -> None:
        """Execute *statement* once with each of the *parameters*."""
        self._raw.executemany(statement, parameters)

    async def fetchone(self) -> Any:
        """Return the next row, or None."""
        return self._raw.fetchone()

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows."""
        return self._raw.fetchmany(self._raw.arraysize if size is None else size)

    async def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        return self._raw.fetchall()

    async def close(self) -> None:
        """Close the cursor."""
        self._raw.close()


class InPlaceConnection:
    """The interface of ``aiosqlite.Connection``, as far as SQLAlchemy uses it between connecting and closing.

    Args:
        raw: The connection, which several engines may share. It has no transaction of its own: the kit begins it.
    """

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def __await__(self) -> Generator[Any, None, Self]:
        """Return the connection, which is open already."""
        yield from ()
        return self

    def cursor(self) -> InPlaceCursor:
        """Return a new cursor."""
        return InPlaceCursor(self._raw.cursor())

    async def create_function(self, *args: Any, **options: Any) -> None:
        """Register a function for statements."""
        self._raw.create_function(*args, **options)

    async def close(self) -> None:
        """Do nothing, because other engines use the connection."""
