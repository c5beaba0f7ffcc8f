"""What can go wrong with a database, and how to tell one failure from another."""

from enum import StrEnum
from typing import Any, Final

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError


class DatabaseError(Exception):
    """Parent of the errors that this package raises."""


class MissingDriverError(DatabaseError):
    """Raised when the driver that a URL asks for is not installed."""

    def __init__(self, drivername: str, module: str, extra: str) -> None:
        self.drivername, self.module, self.extra = drivername, module, extra
        super().__init__(
            f"{drivername} needs the package {module!r}, which is not installed: install the [{extra}] extra"
        )


class ReadOnlySessionError(DatabaseError):
    """Raised when a read session is asked to write."""

    def __init__(self) -> None:
        super().__init__("this session only reads, each statement for itself: write with `session` or `async_session`")


class UnknownTableError(DatabaseError):
    """Raised when a table is named that no mapped class declares."""

    def __init__(self, name: str, known: list[str]) -> None:
        self.name, self.known = name, known
        super().__init__(f"no table {name!r}; known: {', '.join(known) or 'none: import the models first'}")


class Violation(StrEnum):
    """The kind of constraint that a statement broke."""

    UNIQUE = "unique"
    FOREIGN_KEY = "foreign key"
    CHECK = "check"
    NOT_NULL = "not null"


# By code, never by message: messages change with the server's version and language.
# Sources: https://www.sqlite.org/rescode.html, https://www.postgresql.org/docs/current/errcodes-appendix.html,
# https://mariadb.com/docs/server/reference/error-codes
_VIOLATIONS: Final[dict[str | int, Violation]] = {
    "SQLITE_CONSTRAINT_UNIQUE": Violation.UNIQUE,
    "SQLITE_CONSTRAINT_PRIMARYKEY": Violation.UNIQUE,
    "SQLITE_CONSTRAINT_FOREIGNKEY": Violation.FOREIGN_KEY,
    # How SQLite reports ON DELETE RESTRICT; we have no triggers of our own.
    "SQLITE_CONSTRAINT_TRIGGER": Violation.FOREIGN_KEY,
    "SQLITE_CONSTRAINT_CHECK": Violation.CHECK,
    "SQLITE_CONSTRAINT_NOTNULL": Violation.NOT_NULL,
    "23505": Violation.UNIQUE,
    "23503": Violation.FOREIGN_KEY,
    "23001": Violation.FOREIGN_KEY,
    "23514": Violation.CHECK,
    "23502": Violation.NOT_NULL,
    1062: Violation.UNIQUE,
    1451: Violation.FOREIGN_KEY,
    1452: Violation.FOREIGN_KEY,
    4025: Violation.CHECK,
    3819: Violation.CHECK,
    1048: Violation.NOT_NULL,
}


def violation_of(error: IntegrityError) -> Violation | None:
    """Return which kind of constraint *error* is about, None where the code is not one we know."""
    return _VIOLATIONS.get(_code(error))


# SQLite answers that the file is locked, gone, or that the disk is full or broken.
_SQLITE_UNAVAILABLE: Final = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_FULL")


def is_unavailable(error: BaseException) -> bool:
    """Tell whether *error* means that the database can't serve now, though the request may be right.

    True for an exhausted pool, a lock not had in time, a lost connection and a server that can't be reached.
    """
    if isinstance(error, PoolTimeoutError | ConnectionError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    code = _code(error)
    if isinstance(code, str) and code.startswith("SQLITE_"):
        return code.startswith(_SQLITE_UNAVAILABLE)
    return isinstance(error, OperationalError | InterfaceError)


def _code(error: DBAPIError) -> Any:
    """Return the driver's own code: SQLite's name, an SQLSTATE, or MySQL's number."""
    driver_error = error.orig
    for attribute in ("sqlite_errorname", "sqlstate", "pgcode"):
        if code := getattr(driver_error, attribute, None):
            return code
    return driver_error.args[0] if driver_error is not None and driver_error.args else None
