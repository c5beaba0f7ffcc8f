"""PostgreSQL's SQLSTATEs, and the messages of failures that have none.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

import re
from typing import Final

from sqlalchemy.exc import OperationalError

from sessionscope.database.error_kinds import Failure, Violation

# Whole codes, or their class: the first two characters.
_FAILURES: Final = {
    "08": Failure.CONNECTION_LOST,
    "08001": Failure.UNREACHABLE,
    "08004": Failure.UNREACHABLE,
    "08007": Failure.COMMIT_UNKNOWN,
    "23": Failure.CONFLICT,
    "25006": Failure.READ_ONLY,
    "25P03": Failure.CONNECTION_LOST,  # idle in a transaction for too long
    "25P04": Failure.CONNECTION_LOST,  # transaction_timeout
    "28": Failure.DENIED,
    "3D000": Failure.DENIED,
    "40001": Failure.SERIALIZATION,  # a standby that cancels a query says so too
    "40002": Failure.CONFLICT,
    "40003": Failure.COMMIT_UNKNOWN,
    "40P01": Failure.DEADLOCK,
    "53": Failure.RESOURCES,
    "53300": Failure.TOO_MANY_CONNECTIONS,
    "55P03": Failure.LOCK_TIMEOUT,
    "57014": Failure.STATEMENT_TIMEOUT,
    "57P01": Failure.CONNECTION_LOST,
    "57P02": Failure.CONNECTION_LOST,
    "57P03": Failure.UNREACHABLE,  # starting up
    "57P04": Failure.CONNECTION_LOST,
    "57P05": Failure.CONNECTION_LOST,
    "58": Failure.STORAGE,
    "XX001": Failure.CORRUPT,
    "XX002": Failure.CORRUPT,
}
_VIOLATIONS: Final = {
    "23505": Violation.UNIQUE,
    "23503": Violation.FOREIGN_KEY,
    "23001": Violation.FOREIGN_KEY,
    "23514": Violation.CHECK,
    "23502": Violation.NOT_NULL,
}
# PgBouncer has one code for everything that it refuses.
_PGBOUNCER: Final = "08P01"
# libpq gives no SQLSTATE if it can't connect.
_REFUSALS: Final = {
    re.compile(r"too many (clients|connections)|remaining connection slots|no more connections allowed"): (
        Failure.TOO_MANY_CONNECTIONS
    ),
    re.compile(
        r"authentication failed|no password supplied|no pg_hba\.conf entry|not permitted to log in"
        r"|(role|database|user) \"[^\"]*\" does not exist|permission denied for database|no such (user|database)"
    ): Failure.DENIED,
    re.compile(r"timeout expired|cannot connect to server|server login failed"): Failure.UNREACHABLE,
}


def failure_of(error: BaseException) -> Failure | None:
    """See `Backend.failure_of`."""
    raw = getattr(error, "orig", None) or error
    if not _is_of_driver(raw):
        return None
    code = sqlstate_of(error)
    if code in (None, _PGBOUNCER) and (refusal := _refusal(str(raw))):
        return refusal
    in_use = bool(getattr(error, "connection_invalidated", False))
    if code is None:
        return Failure.UNREACHABLE if isinstance(error, OperationalError) and not in_use else None
    failure = _FAILURES.get(code) or _FAILURES.get(code[:2])
    # The same codes are given for a connection that is lost and for one that could not be made.
    return Failure.UNREACHABLE if failure is Failure.CONNECTION_LOST and not in_use else failure


def violation_of(error: BaseException) -> Violation | None:
    """See `Backend.violation_of`."""
    return _VIOLATIONS.get(sqlstate_of(error) or "")


def sqlstate_of(error: BaseException) -> str | None:
    """Return the SQLSTATE of *error*, which may be wrapped by SQLAlchemy, or None if it has none of PostgreSQL."""
    raw = getattr(error, "orig", None) or error
    codes = (getattr(raw, name, None) for name in ("sqlstate", "pgcode"))
    return next((code for code in codes if isinstance(code, str) and code), None) if _is_of_driver(raw) else None


def _is_of_driver(raw: BaseException) -> bool:
    """Tell whether *raw* is an error of PostgreSQL's drivers. They have an attribute for the code, even if it is empty.

    Some of MySQL's drivers have it too, but give their own number first.
    """
    is_numbered = bool(raw.args) and isinstance(raw.args[0], int)
    return not is_numbered and (hasattr(raw, "sqlstate") or hasattr(raw, "pgcode"))


def _refusal(text: str) -> Failure | None:
    return next((failure for pattern, failure in _REFUSALS.items() if pattern.search(text)), None)
