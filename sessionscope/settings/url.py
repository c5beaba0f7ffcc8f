"""The type of the database URL, which never shows its password."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

from pydantic import PlainValidator, Secret, WithJsonSchema
from pydantic_core import PydanticCustomError
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from sessionscope.settings.errors import nearest

# Driver names per backend; `sessionscope.database.url` has the pair of drivers for each of them.
KNOWN_DRIVERS: Final = {
    "sqlite": ("", "pysqlite", "aiosqlite"),
    "postgresql": ("", "psycopg", "psycopg2", "asyncpg"),
    "postgres": ("",),
    "mysql": ("", "pymysql", "aiomysql", "asyncmy"),
    "mariadb": ("", "pymysql", "aiomysql", "asyncmy"),
}

_WRITTEN: Final = "write it as sqlite:///./app.db or postgresql://user:password@host/name"
_SEVERAL: Final = "write several hosts as postgresql://user:password@/name?host=first:5432&host=second:5432"
_MASK: Final = "***"
# Query arguments with these in their names are secret: password, sslpassword, oauth_client_secret, scram_client_key.
_SECRETS: Final = ("pass", "secret", "scram")


def _parse(written: object) -> URL:
    """Return *written* as a URL with a known backend and driver.

    Raises:
        PydanticCustomError: It is not a URL, or has an unknown backend or driver; the error never shows it.
    """
    if not isinstance(written, str | URL):
        raise _error("not a database URL", _WRITTEN)
    try:
        url = make_url(written)
    except (ArgumentError, ValueError):
        several = isinstance(written, str) and _names_several_hosts(written)
        raise _error("not a database URL", _SEVERAL if several else _WRITTEN) from None
    backend, _, driver = url.drivername.partition("+")
    if backend not in KNOWN_DRIVERS:
        raise _error(f"unknown database dialect {backend!r}", nearest(backend, KNOWN_DRIVERS))
    if driver not in KNOWN_DRIVERS[backend]:
        named = [name for name in KNOWN_DRIVERS[backend] if name]
        raise _error(f"unknown driver {driver!r} for {backend}", nearest(driver, named))
    if url.password == _MASK:
        raise _error("its password is masked", "copy the settings by model_copy(), not by their JSON")
    return url


class DatabaseUrl(Secret[Annotated[URL, PlainValidator(_parse), WithJsonSchema({"type": "string"})]]):
    """A SQLAlchemy URL that is shown with ``***`` in place of its password.

    ``get_secret_value()`` returns SQLAlchemy's ``URL``. Each conversion of this object to text gives the masked
    URL, with passwords in its query masked too. It is neither a string nor a tuple, because joining or encoding
    those would bypass the mask.

    Args:
        secret_value: A text, or SQLAlchemy's ``URL``.

    Raises:
        PydanticCustomError: It is not a URL, or has an unknown backend or driver; the error never shows it.
    """

    def __init__(self, secret_value: str | URL) -> None:
        super().__init__(_parse(secret_value))

    if TYPE_CHECKING:
        # A field of this type also takes a text or SQLAlchemy's URL. Type checkers learn that from its
        # `__set__`: https://peps.python.org/pep-0681/#descriptor-typed-field-behavior
        def __get__(self, instance: object, owner: Any) -> Self: ...
        def __set__(self, instance: object, value: str | URL | Self) -> None: ...

    @property
    def kind(self) -> str:
        """The kind of server: sqlite, postgresql or mysql."""
        backend = self.get_secret_value().get_backend_name()
        return {"postgres": "postgresql", "mariadb": "mysql"}.get(backend, backend)

    def _display(self) -> str:
        url = self.get_secret_value()
        secret = [name for name in url.query if any(part in name.lower() for part in _SECRETS)]
        masked = url.update_query_dict(dict.fromkeys(secret, _MASK)).render_as_string()
        return masked.replace("%2A%2A%2A", _MASK)

    def __format__(self, spec: str) -> str:
        return format(self._display(), spec)


if TYPE_CHECKING:

    class DatabaseUrls:
        """The type of a field with several URLs: it takes what `DatabaseUrl` takes, and gives a tuple."""

        def __get__(self, instance: object, owner: Any) -> tuple[DatabaseUrl, ...]: ...
        def __set__(self, instance: object, value: Iterable[str | URL | DatabaseUrl]) -> None: ...

else:
    DatabaseUrls = tuple[DatabaseUrl, ...]


def _error(reason: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("database_url", "{reason}; {hint}", {"reason": reason, "hint": hint})


def _names_several_hosts(text: str) -> bool:
    """Tell whether *text* names several hosts in the place where libpq allows that, but SQLAlchemy doesn't."""
    hosts = text.partition("://")[2].partition("/")[0].rpartition("@")[2]
    return "," in hosts
