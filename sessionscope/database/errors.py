"""Errors of databases, and functions that tell them apart."""

from sessionscope.database.error_kinds import Failure, Violation
from sessionscope.database.failures import commit_outcome_is_known, failure_of, is_unavailable, violation_of
from sessionscope.errors import SetupError

__all__ = [
    "CommitOutcomeUnknownError",
    "DatabaseError",
    "Failure",
    "MissingDriverError",
    "NestedOptionsError",
    "ReadOnlySessionError",
    "RowDeletedError",
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
    """Raised when the connection was lost during COMMIT. Only idempotent work may be run again.

    Attributes:
        idempotent: Whether the work is, so that a client may repeat the same request.
    """

    failure = Failure.COMMIT_UNKNOWN

    def __init__(self, *, idempotent: bool = False) -> None:
        self.idempotent = idempotent
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


class RowDeletedError(DatabaseError):
    """Raised when another transaction has deleted a row that this one was about to change. Units of work run again."""

    failure = Failure.SERIALIZATION

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(f"another transaction has deleted a row of {table} that this one was about to change")


class UnknownTableError(DatabaseError):
    """Raised when no mapped class declares a table of that name."""

    def __init__(self, name: str, known: list[str]) -> None:
        self.name, self.known = name, known
        super().__init__(f"no table {name!r}; known: {', '.join(known) or 'none: import the models first'}")
