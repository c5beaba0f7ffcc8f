"""Everything that the library does differently for one database: a folder for each, which implements `Backend`.

To support another kind of database, add its folder, and a line to the table below.
"""

from collections.abc import Mapping
from typing import Final

from sessionscope.database.backends.backend import Backend
from sessionscope.database.backends.mysql.backend import MySQL
from sessionscope.database.backends.postgresql.backend import PostgreSQL
from sessionscope.database.backends.sqlite.backend import SQLite

ALL_BACKENDS: Final[tuple[Backend, ...]] = (SQLite(), PostgreSQL(), MySQL())
# By the names that begin a URL, and that SQLAlchemy's dialects have.
BACKENDS: Final[Mapping[str, Backend]] = {
    name.partition("+")[0]: backend for backend in ALL_BACKENDS for name in backend.drivers
}


def backend_of(name: str) -> Backend:
    """Return the backend of a dialect or of a URL's scheme, such as ``postgresql`` or ``mariadb``."""
    return BACKENDS[name]
