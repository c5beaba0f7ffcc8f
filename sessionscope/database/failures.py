"""Classifies the errors of all drivers as one small family of failures.

The code decides: SQLSTATE, MySQL's number or SQLite's name. The class of the error decides only if there is no
code, and its text only if nothing else does, because messages change with the server's version and language.
"""

import errno
import re
import socket
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError


class Failure(StrEnum):
    """The reason why a database operation failed. Each value is a stable code for logs and counters."""

    CONFLICT = "conflict"
    SERIALIZATION = "serialization"
    DEADLOCK = "deadlock"
    LOCK_TIMEOUT = "lock_timeout"
    STATEMENT_TIMEOUT = "statement_timeout"
    CONNECTION_LOST = "connection_lost"
    UNREACHABLE = "unreachable"
    DENIED = "denied"
    READ_ONLY = "read_only"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    POOL_EXHAUSTED = "pool_exhausted"
    COMMIT_UNKNOWN = "commit_unknown"
    RESOURCES = "resources"
    STORAGE = "storage"
    CORRUPT = "corrupt"
    NOT_A_DATABASE = "not_a_database"

    @property
    def description(self) -> str:
        """What happened, in words for people. No part of the text comes from the driver."""
        return _DESCRIPTIONS[self]

    @property
    def is_transient(self) -> bool:
        """Whether it makes sense to run the whole unit of work again at once, after the rollback.

        It doesn't if no connection could be made: the unit has already waited for one, and another try at once
        only adds to the load. The client is told to come back later.
        """
        return self in _TRANSIENT

    @property
    def is_unavailable(self) -> bool:
        """Whether the database can't serve now, although the request may be right."""
        return self not in (Failure.CONFLICT, Failure.COMMIT_UNKNOWN)

    @property
    def is_rolled_back(self) -> bool:
        """Whether a COMMIT with this failure has surely changed nothing."""
        return self in _ROLLED_BACK


_DESCRIPTIONS: Final = {
    Failure.CONFLICT: "a constraint was broken",
    Failure.SERIALIZATION: "another transaction changed what this one had read",
    Failure.DEADLOCK: "transactions waited for each other",
    Failure.LOCK_TIMEOUT: "another transaction held a lock for too long",
    Failure.STATEMENT_TIMEOUT: "a statement took too long, or was cancelled",
    Failure.CONNECTION_LOST: "the connection was lost",
    Failure.UNREACHABLE: "no connection could be made",
    Failure.DENIED: "the server refuses this user, or has no such database",
    Failure.READ_ONLY: "the server only reads, as a standby does",
    Failure.TOO_MANY_CONNECTIONS: "the server takes no more connections",
    Failure.POOL_EXHAUSTED: "the pool had no free connection in time",
    Failure.COMMIT_UNKNOWN: "it is not known whether the commit was done",
    Failure.RESOURCES: "the disk or the memory is full, or the disk can't be written",
    Failure.STORAGE: "the file system failed",
    Failure.CORRUPT: "the database is damaged",
    Failure.NOT_A_DATABASE: "the file is not a database",
}
_TRANSIENT: Final = frozenset({Failure.SERIALIZATION, Failure.DEADLOCK, Failure.LOCK_TIMEOUT, Failure.CONNECTION_LOST})
# STORAGE is not among them: after a failed fsync, the commit may or may not be on the disk.
_ROLLED_BACK: Final = frozenset(
    {Failure.CONFLICT, Failure.SERIALIZATION, Failure.DEADLOCK, Failure.LOCK_TIMEOUT, Failure.RESOURCES}
)

# Whole codes, or their class: the first two characters.
# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_SQLSTATES: Final = {
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

# Sources: https://mariadb.com/docs/server/reference/error-codes,
# https://dev.mysql.com/doc/mysql-errors/8.4/en/
_NUMBERS: Final = {
    number: failure
    for failure, numbers in {
        Failure.CONFLICT: (1048, 1062, 1451, 1452, 1586, 3819, 4025),
        Failure.SERIALIZATION: (1020, 3101),
        Failure.DEADLOCK: (1213,),
        Failure.LOCK_TIMEOUT: (1205, 3572),
        Failure.STATEMENT_TIMEOUT: (1317, 1969, 3024),
        Failure.CONNECTION_LOST: (1053, 1158, 1159, 1160, 1161, 1927, 2006, 2013, 2014, 2045, 2055),
        Failure.UNREACHABLE: (1047, 1129, 2002, 2003, 2005),  # 1047: a Galera node without quorum
        Failure.DENIED: (1044, 1045, 1049, 1130, 1251, 1698, 3118, 4151),
        Failure.READ_ONLY: (1290, 1792, 1836),
        Failure.TOO_MANY_CONNECTIONS: (1040, 1203, 1226),
        Failure.RESOURCES: (1021, 1037, 1041, 1114),
    }.items()
    for number in numbers
}

# By the beginning of the name, as SQLITE_BUSY_RECOVERY is a kind of SQLITE_BUSY; longer ones come first.
# Source: https://www.sqlite.org/rescode.html
_SQLITE: Final = {
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

# libpq gives no SQLSTATE if it can't connect, and PgBouncer gives 08P01 for everything that it refuses.
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

# The codes of an OSError of a socket. An OSError of a file names the file.
_NETWORK_ERRORS: Final = (errno.ENOENT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH)


def failure_of(error: BaseException) -> Failure | None:
    """Return the failure that *error* or one of its causes stands for, or None if the database did not fail."""
    return next((failure for link in _chain(error) if (failure := _classify(link))), None)


def is_unavailable(error: BaseException) -> bool:
    """Tell whether *error* means that the database can't serve now, although the request may be right."""
    failure = failure_of(error)
    return failure is not None and failure.is_unavailable


def commit_outcome_is_known(error: BaseException) -> bool:
    """Tell whether *error*, raised by a COMMIT, means that surely nothing was committed."""
    failure = failure_of(error)
    return failure is not None and failure.is_rolled_back


def code_of(error: DBAPIError) -> str | int | None:
    """Return the driver's code: MySQL's number, SQLite's name or an SQLSTATE."""
    # The number comes first: some of MySQL's drivers also give an SQLSTATE, which is the same for many numbers.
    first = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return first if isinstance(first, int) else _named_code(error.orig)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and its causes, the outermost error first."""
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        yield link
        seen.append(link)
        link = getattr(link, "orig", None) or link.__cause__


def _classify(error: BaseException) -> Failure | None:
    if isinstance(failure := getattr(error, "failure", None), Failure):
        return failure
    if isinstance(error, PoolTimeoutError):
        return Failure.POOL_EXHAUSTED
    if isinstance(error, DBAPIError):
        return _by_code(error) or _by_class(error)
    if isinstance(error, OSError):
        return Failure.UNREACHABLE if _is_of_network(error) else None
    return _by_name(error, in_use=False)


def _by_code(error: DBAPIError) -> Failure | None:
    code = code_of(error)
    if isinstance(code, int):
        return _NUMBERS.get(code)
    return _by_name(error.orig, in_use=error.connection_invalidated)


def _by_class(error: DBAPIError) -> Failure | None:
    if error.connection_invalidated:
        return Failure.CONNECTION_LOST
    if isinstance(error, IntegrityError):
        return Failure.CONFLICT
    if code_of(error) is None and isinstance(error, OperationalError) and _is_of_libpq(error.orig):
        return Failure.UNREACHABLE
    return None


def _by_name(error: BaseException | None, *, in_use: bool) -> Failure | None:
    """Classify by SQLSTATE or SQLite's name. If the connection was not *in_use*, it could not be made."""
    code = _named_code(error)
    if code in (None, "08P01") and (told := _refusal(error)):
        return told
    failure = _of_name(code)
    return Failure.UNREACHABLE if failure is Failure.CONNECTION_LOST and not in_use else failure


def _named_code(error: object) -> str | None:
    names = (getattr(error, attribute, None) for attribute in ("sqlite_errorname", "sqlstate", "pgcode"))
    return next((name for name in names if isinstance(name, str) and name), None)


def _of_name(code: Any) -> Failure | None:
    if code is None:
        return None
    if code.startswith("SQLITE_"):
        return next((failure for name, failure in _SQLITE.items() if code.startswith(name)), None)
    return _SQLSTATES.get(code) or _SQLSTATES.get(code[:2])


def _refusal(error: BaseException | None) -> Failure | None:
    text = str(error)
    return next((failure for pattern, failure in _REFUSALS.items() if pattern.search(text)), None)


def _is_of_libpq(error: BaseException | None) -> bool:
    """Tell whether *error* is psycopg's or psycopg2's, which have an attribute for the code, even if it is empty."""
    return hasattr(error, "sqlstate") or hasattr(error, "pgcode")


def _is_of_network(error: OSError) -> bool:
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):
        return True
    return error.filename is None and error.errno in _NETWORK_ERRORS
