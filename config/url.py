"""The database URL as a value that doesn't give its password away."""

from typing import Final, Self

from pydantic_core import PydanticCustomError
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from config.errors import nearest

# Driver names per backend; `app.database.url` says which pair of drivers each one means.
KNOWN_DRIVERS: Final = {
    "sqlite": ("", "pysqlite", "aiosqlite"),
    "postgresql": ("", "psycopg", "psycopg2", "asyncpg"),
    "postgres": ("",),
    "mysql": ("", "pymysql", "aiomysql", "asyncmy"),
    "mariadb": ("", "pymysql", "aiomysql", "asyncmy"),
}

_WRITTEN: Final = "write it as sqlite:///./app.db or postgresql://user:password@host/name"
_SEVERAL: Final = "write several hosts as postgresql://user:password@/name?host=first:5432&host=second:5432"


class DatabaseUrl(str):
    """A SQLAlchemy URL, kept as written; shown with its password as ``***``.

    Equality, hashing and ``make_url`` see the real text. ``str``, ``repr``, formatting
    and JSON show the masked one, so that a log line or an error can't leak the secret.
    """

    __slots__ = ()

    @property
    def parsed(self) -> URL:
        """The URL as SQLAlchemy's object, password included."""
        return make_url(str.__str__(self))

    @property
    def kind(self) -> str:
        """The kind of server: sqlite, postgresql or mysql."""
        backend = self.parsed.get_backend_name()
        return {"postgres": "postgresql", "mariadb": "mysql"}.get(backend, backend)

    @property
    def masked(self) -> str:
        """The URL with its password, and any password in its query, as ``***``."""
        url = self.parsed
        secret = [name for name in url.query if "pass" in name.lower()]
        return url.update_query_dict(dict.fromkeys(secret, "***")).render_as_string().replace("%2A%2A%2A", "***")

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"DatabaseUrl({self.masked!r})"

    def __format__(self, spec: str) -> str:
        return format(self.masked, spec)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return *text* as a URL whose backend and driver are ones we know.

        Raises:
            PydanticCustomError: Not a URL, or an unknown backend or driver; never shows *text*.
        """
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            raise _error("not a database URL", _SEVERAL if _names_several_hosts(text) else _WRITTEN) from None
        backend, _, driver = url.drivername.partition("+")
        if backend not in KNOWN_DRIVERS:
            raise _error(f"unknown database dialect {backend!r}", nearest(backend, KNOWN_DRIVERS))
        if driver not in KNOWN_DRIVERS[backend]:
            named = [name for name in KNOWN_DRIVERS[backend] if name]
            raise _error(f"unknown driver {driver!r} for {backend}", nearest(driver, named))
        return cls(text)


def _error(reason: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("database_url", "{reason}; {hint}", {"reason": reason, "hint": hint})


def _names_several_hosts(text: str) -> bool:
    """Tell whether *text* has its hosts where libpq allows several, and SQLAlchemy one."""
    hosts = text.partition("://")[2].partition("/")[0].rpartition("@")[2]
    return "," in hosts
