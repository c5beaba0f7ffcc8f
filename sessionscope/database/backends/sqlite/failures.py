"""SQLite's names for errors.

Source: https://www.sqlite.org/rescode.html
"""

from typing import Final

from sessionscope.database.error_kinds import Failure, Violation

# By the beginning of the name, as SQLITE_BUSY_RECOVERY is a kind of SQLITE_BUSY; longer ones come first.
_FAILURES: Final = {
    "SQLITE_BUSY_SNAPSHOT": Failure.SERIALIZATION,
    "SQLITE_BUSY": Failure.LOCK_TIMEOUT,
    "SQLITE_LOCKED": Failure.LOCK_TIMEOUT,
    "SQLITE_PROTOCOL": Failure.LOCK_TIMEOUT,
    "SQLITE_CONSTRAINT": Failure.CONFLICT,
    "SQLITE_INTERRUPT": Failure.STATEMENT_TIMEOUT,
    "SQLITE_CANTOPEN": Failure.UNREACHABLE,
    "SQLITE_AUTH": Failure.DENIED,
    "SQLITE_PERM": Failure.DENIED,
    "SQLITE_READONLY": Failure.READ_ONLY,
    "SQLITE_FULL": Failure.RESOURCES,
    # A quota, a limit on a file's size or a full disk, where SQLite doesn't expect it. The failed write comes
    # before the one that completes a commit, so the commit was not done.
    "SQLITE_IOERR_WRITE": Failure.RESOURCES,
    "SQLITE_IOERR_SHMSIZE": Failure.RESOURCES,
    "SQLITE_IOERR_NOMEM": Failure.RESOURCES,
    "SQLITE_IOERR": Failure.STORAGE,
    "SQLITE_NOMEM": Failure.RESOURCES,
    "SQLITE_CORRUPT": Failure.CORRUPT,
    "SQLITE_NOTADB": Failure.NOT_A_DATABASE,
}
_VIOLATIONS: Final = {
    "SQLITE_CONSTRAINT_UNIQUE": Violation.UNIQUE,
    "SQLITE_CONSTRAINT_PRIMARYKEY": Violation.UNIQUE,
    "SQLITE_CONSTRAINT_FOREIGNKEY": Violation.FOREIGN_KEY,
    # How SQLite reports ON DELETE RESTRICT; we have no triggers of our own.
    "SQLITE_CONSTRAINT_TRIGGER": Violation.FOREIGN_KEY,
    "SQLITE_CONSTRAINT_CHECK": Violation.CHECK,
    "SQLITE_CONSTRAINT_NOTNULL": Violation.NOT_NULL,
}


def name_of(error: BaseException) -> str:
    """Return SQLite's name of *error*, which may be wrapped by SQLAlchemy, or an empty text if it has none."""
    name = getattr(getattr(error, "orig", None) or error, "sqlite_errorname", None)
    return name if isinstance(name, str) else ""


def failure_of(error: BaseException) -> Failure | None:
    """See `Backend.failure_of`."""
    name = name_of(error)
    return next((failure for beginning, failure in _FAILURES.items() if name.startswith(beginning)), None)


def violation_of(error: BaseException) -> Violation | None:
    """See `Backend.violation_of`."""
    return _VIOLATIONS.get(name_of(error))
