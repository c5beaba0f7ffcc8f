"""Errors are told apart by the driver's code, never by its message."""

from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.database.errors import Violation, is_unavailable, violation_of


class DriverError(Exception):
    """Stands in for a driver's error."""

    def __init__(self, *args: object, **attributes: Any) -> None:
        super().__init__(*args)
        vars(self).update(attributes)


def wrapped(kind: type[DBAPIError], error: DriverError, *, lost: bool = False) -> Any:
    """Return *error* as SQLAlchemy raises it."""
    return kind("SELECT 1", None, error, connection_invalidated=lost)


class TestViolationOf:
    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (DriverError(sqlstate="23505"), Violation.UNIQUE),
            (DriverError(pgcode="23503"), Violation.FOREIGN_KEY),
            (DriverError(sqlstate="23001"), Violation.FOREIGN_KEY),
            (DriverError(sqlstate="23514"), Violation.CHECK),
            (DriverError(sqlstate="23502"), Violation.NOT_NULL),
            (DriverError(1062, "Duplicate entry"), Violation.UNIQUE),
            (DriverError(1451, "Cannot delete"), Violation.FOREIGN_KEY),
            (DriverError(1452, "Cannot add"), Violation.FOREIGN_KEY),
            (DriverError(3819, "Check"), Violation.CHECK),
            (DriverError(4025, "CONSTRAINT"), Violation.CHECK),
            (DriverError(1048, "Column"), Violation.NOT_NULL),
            (DriverError("unique constraint failed"), None),
            (DriverError(), None),
        ],
        ids=lambda value: str(getattr(value, "__dict__", "") or value),
    )
    def test_each_code_has_its_kind(self, error: DriverError, expected: Violation | None) -> None:
        """PostgreSQL's SQLSTATE and MySQL's number; a message alone says nothing."""
        assert expected == violation_of(wrapped(IntegrityError, error))


class TestIsUnavailable:
    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (PoolTimeoutError(), True),
            (ConnectionRefusedError(), True),
            (wrapped(OperationalError, DriverError(2003, "can't connect")), True),
            (wrapped(InterfaceError, DriverError("closed")), True),
            (wrapped(ProgrammingError, DriverError("gone"), lost=True), True),
            (wrapped(OperationalError, DriverError(sqlite_errorname="SQLITE_BUSY")), True),
            (wrapped(OperationalError, DriverError(sqlite_errorname="SQLITE_BUSY_SNAPSHOT")), True),
            (wrapped(OperationalError, DriverError(sqlite_errorname="SQLITE_CANTOPEN")), True),
            (wrapped(OperationalError, DriverError(sqlite_errorname="SQLITE_FULL")), True),
            (wrapped(OperationalError, DriverError(sqlite_errorname="SQLITE_ERROR")), False),
            (wrapped(IntegrityError, DriverError(sqlstate="23505")), False),
            (wrapped(ProgrammingError, DriverError(sqlstate="42P01")), False),
            (ValueError(), False),
        ],
        ids=[
            "pool",
            "refused",
            "mysql",
            "interface",
            "lost",
            "busy",
            "snapshot",
            "no file",
            "disk full",
            "no table",
            "unique",
            "no table on postgresql",
            "a bug",
        ],
    )
    def test_only_what_may_pass_is(self, error: BaseException, *, expected: bool) -> None:
        """What would fail again in the same way is a fault, not an outage."""
        assert expected == is_unavailable(error)
