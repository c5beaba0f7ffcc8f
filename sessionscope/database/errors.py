"""Errors of databases, and functions that tell them apart."""

from enum import StrEnum
from typing import Final

from sqlalchemy.exc import IntegrityError

from sessionscope.database.failures import Failure, code_of, commit_outcome_is_known, failure_of, is_unavailable
from sessionscope.errors import SetupError

__all__ = [
    "CommitOutcomeUnknownError",
    "DatabaseError",
    "Failure",
    "MissingDriverError",
    "NestedOptionsError",
    "ReadOnlySessionError",
    "UnknownTableError",
    "Violation",
    "commit_outcome_is_known",
    "failure_of",
    "is_unavailable",
    "violation_of",
]


class DatabaseError(Exception):
    """Base class of the errors that this package raises."""


class CommitOutcomeUnknownError(DatabaseError):
    """Raised when the connection was lost during COMMIT. Only idempotent work may be run again."""

    failure = Failure.COMMIT_UNKNOWN

    def __init__(self) -> None:
        super().__init__("the connection was lost while committing: it is not known whether the changes were saved")


class MissingDriverError(DatabaseError, SetupError):
    """Raised when the driver that a URL asks for is not installed."""

    def __init__(self, drivername: str, module: str) -> None:
        self.drivername, self.module = drivername, module
        super().__init__(
            f"{drivername} needs the package {module!r}, which is not installed: "
            "run `make servers`, which installs requirements/servers.txt"
        )


class NestedOptionsError(DatabaseError):
    """Raised when a unit of work inside another one asks for options that the outer transaction doesn't have."""

    def __init__(self, unmet: list[str]) -> None:
        self.unmet = unmet
        names = ", ".join(unmet)
        super().__init__(f"a unit of work inside another one can't have its own {names}: set it for the outer one")


class ReadOnlySessionError(DatabaseError):
    """Raised when a read session is asked to write."""

    def __init__(self) -> None:
        super().__init__("this session is read-only, in autocommit: write with `session` or `async_session`")


class UnknownTableError(DatabaseError):
    """Raised when no mapped class declares a table of that name."""

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
    """Return the kind of constraint that *error* is about, or None if its code is not known."""
    code = code_of(error)
    return None if code is None else _VIOLATIONS.get(code)
