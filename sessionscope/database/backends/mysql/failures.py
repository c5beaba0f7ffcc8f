"""The numbers of MySQL's and MariaDB's errors.

Sources: https://mariadb.com/docs/server/reference/error-codes, https://dev.mysql.com/doc/mysql-errors/8.4/en/
"""

from typing import Final

from sqlalchemy.exc import DBAPIError

from sessionscope.database.error_kinds import Failure, Violation

_FAILURES: Final = {
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
_VIOLATIONS: Final = {
    1062: Violation.UNIQUE,
    1451: Violation.FOREIGN_KEY,
    1452: Violation.FOREIGN_KEY,
    4025: Violation.CHECK,
    3819: Violation.CHECK,
    1048: Violation.NOT_NULL,
}
# No number of an error.
_NONE: Final = -1


def number_of(error: BaseException) -> int:
    """Return the number of a driver's error that SQLAlchemy has wrapped, or -1 if it has none."""
    # Other errors may begin with a number by chance, such as a KeyError.
    raw = error.orig if isinstance(error, DBAPIError) else None
    first = raw.args[0] if raw is not None and raw.args else None
    return first if isinstance(first, int) else _NONE


def failure_of(error: BaseException) -> Failure | None:
    """See `Backend.failure_of`."""
    return _FAILURES.get(number_of(error))


def violation_of(error: BaseException) -> Violation | None:
    """See `Backend.violation_of`."""
    return _VIOLATIONS.get(number_of(error))
