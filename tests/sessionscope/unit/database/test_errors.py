"""Errors are told apart by the driver's code. Its text is used only if there is no code."""

from socket import gaierror
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sessionscope.database.errors import (
    CommitOutcomeUnknownError,
    Failure,
    Violation,
    commit_outcome_is_known,
    failure_of,
    is_unavailable,
    violation_of,
)


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
            (DriverError(1062, "Duplicate entry", sqlstate="23000"), Violation.UNIQUE),
            (DriverError("unique constraint failed"), None),
            (DriverError(), None),
        ],
        ids=lambda value: str(getattr(value, "__dict__", "") or value),
    )
    def test_each_code_has_its_kind(self, error: DriverError, expected: Violation | None) -> None:
        """PostgreSQL's SQLSTATE and MySQL's number; a message alone says nothing."""
        assert expected == violation_of(wrapped(IntegrityError, error))


def coded(code: str | int, *, lost: bool = False) -> Any:
    """Return an error of the family that *code* is of."""
    if isinstance(code, int):
        return wrapped(OperationalError, DriverError(code, "words"), lost=lost)
    attribute = "sqlite_errorname" if code.startswith("SQLITE_") else "sqlstate"
    return wrapped(OperationalError, DriverError("words", **{attribute: code}), lost=lost)


def told(text: str, *, lost: bool = False) -> Any:
    """Return psycopg's error at connecting: words only."""
    return wrapped(OperationalError, DriverError(text, sqlstate=None), lost=lost)


def told_of(value: object) -> str:
    """Return a readable id: the error with its code."""
    orig = getattr(value, "orig", None) or value
    return f"{orig!r} {getattr(orig, 'sqlstate', '')} {getattr(orig, 'sqlite_errorname', '')}".strip()


CODES: dict[Failure, tuple[str | int, ...]] = {
    Failure.CONFLICT: ("23505", "23P01", "40002", 1062, 1048, 3819, "SQLITE_CONSTRAINT_CHECK"),
    Failure.SERIALIZATION: ("40001", 1020, "SQLITE_BUSY_SNAPSHOT"),
    Failure.DEADLOCK: ("40P01", 1213),
    Failure.LOCK_TIMEOUT: ("55P03", 1205, 3572, "SQLITE_BUSY", "SQLITE_BUSY_RECOVERY", "SQLITE_LOCKED_SHAREDCACHE"),
    Failure.STATEMENT_TIMEOUT: ("57014", 1317, 1969, 3024, "SQLITE_INTERRUPT"),
    Failure.CONNECTION_LOST: (1053, 1927, 2006, 2013),
    Failure.UNREACHABLE: ("08001", "57P03", 1047, 2002, 2003, 2005, "SQLITE_CANTOPEN"),
    Failure.DENIED: ("28000", "28P01", "3D000", 1044, 1045, 1049, 1698),
    Failure.READ_ONLY: ("25006", 1290, 1792, 1836, "SQLITE_READONLY", "SQLITE_READONLY_DBMOVED"),
    Failure.TOO_MANY_CONNECTIONS: ("53300", 1040, 1203, 1226),
    Failure.COMMIT_UNKNOWN: ("08007", "40003"),
    Failure.RESOURCES: ("53100", "53200", 1021, "SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE"),
    Failure.STORAGE: ("58030", "SQLITE_IOERR", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_READ"),
    Failure.CORRUPT: ("XX001", "XX002", "SQLITE_CORRUPT", "SQLITE_CORRUPT_INDEX"),
    Failure.NOT_A_DATABASE: ("SQLITE_NOTADB",),
}


class TestFailureOf:
    @pytest.mark.parametrize(("expected", "code"), [(kind, code) for kind in CODES for code in CODES[kind]])
    def test_a_code_decides(self, expected: Failure, code: str | int) -> None:
        """Each database's own code, whatever class the driver gives it."""
        assert expected == failure_of(coded(code))

    @pytest.mark.parametrize("code", ["08003", "08006", "08P01", "25P03", "57P01", "57P05"])
    def test_failed_connect_is_not_a_lost_connection(self, code: str) -> None:
        """The same code says 'lost' of a connection in use, and 'no connection' at connecting."""
        assert [Failure.CONNECTION_LOST, Failure.UNREACHABLE] == [
            failure_of(coded(code, lost=True)),
            failure_of(coded(code)),
        ]

    @pytest.mark.parametrize(
        "error",
        [
            coded("42P01"),
            coded("0A000"),
            coded("SQLITE_ERROR"),
            coded(1054),
            coded("55000"),
            wrapped(OperationalError, DriverError(1054, "Unknown column", sqlstate="42S22")),
            wrapped(OperationalError, DriverError("Could not decode to UTF-8 column 'name'")),
            wrapped(InterfaceError, DriverError("another operation is in progress", sqlstate=None)),
            KeyError(1213),
            ValueError(),
            FileNotFoundError(2, "No such file or directory", "report.csv"),
            OSError(28, "No space left on device"),
            ValueError("password authentication failed"),
        ],
        ids=told_of,
    )
    def test_a_fault_is_no_failure_of_the_database(self, error: BaseException) -> None:
        """An unknown error stays a fault, so clients are not told to repeat a request that would fail again."""
        assert failure_of(error) is None

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("connection to server failed: Connection refused", Failure.UNREACHABLE),
            ("connection timeout expired", Failure.UNREACHABLE),
            ('could not translate host name "nowhere" to address', Failure.UNREACHABLE),
            ("FATAL:  the database system is starting up", Failure.UNREACHABLE),
            ("FATAL:  sorry, too many clients already", Failure.TOO_MANY_CONNECTIONS),
            ("FATAL:  remaining connection slots are reserved for", Failure.TOO_MANY_CONNECTIONS),
            ('FATAL:  too many connections for role "app"', Failure.TOO_MANY_CONNECTIONS),
            ("FATAL:  no more connections allowed (max_client_conn)", Failure.TOO_MANY_CONNECTIONS),
            ('FATAL:  password authentication failed for user "app"', Failure.DENIED),
            ('FATAL:  database "app" does not exist', Failure.DENIED),
            ('FATAL:  role "app" does not exist', Failure.DENIED),
            ("FATAL:  no pg_hba.conf entry for host", Failure.DENIED),
        ],
    )
    def test_words_decide_where_there_is_no_code(self, text: str, expected: Failure) -> None:
        """What psycopg says at connecting, and PgBouncer, which has one code for all."""
        assert [expected, expected] == [failure_of(told(text)), failure_of(DriverError(text, sqlstate="08P01"))]

    def test_without_a_code_a_lost_connection_shows_by_its_flag(self) -> None:
        """SQLAlchemy knows each driver's ways to say it."""
        assert Failure.CONNECTION_LOST == failure_of(told("server closed the connection unexpectedly", lost=True))
        assert Failure.CONNECTION_LOST == failure_of(wrapped(InterfaceError, DriverError("closed"), lost=True))

    def test_integrity_error_without_a_known_code_is_a_conflict(self) -> None:
        """The class is enough, as for an old SQLite or an exclusion constraint of another server."""
        assert Failure.CONFLICT == failure_of(wrapped(IntegrityError, DriverError("constraint failed")))

    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (ConnectionRefusedError(111, "refused"), Failure.UNREACHABLE),
            (ConnectionResetError(), Failure.UNREACHABLE),
            (TimeoutError(), Failure.UNREACHABLE),
            (gaierror(-2, "Name or service not known"), Failure.UNREACHABLE),
            (OSError(113, "No route to host"), Failure.UNREACHABLE),
            (FileNotFoundError(2, "No such file or directory"), Failure.UNREACHABLE),
            (DriverError(sqlstate="57P03"), Failure.UNREACHABLE),
            (DriverError(sqlstate="08003"), Failure.UNREACHABLE),
            (DriverError(sqlstate="53300"), Failure.TOO_MANY_CONNECTIONS),
            (DriverError(sqlstate="28P01"), Failure.DENIED),
            (PoolTimeoutError(), Failure.POOL_EXHAUSTED),
            (CommitOutcomeUnknownError(), Failure.COMMIT_UNKNOWN),
        ],
        ids=told_of,
    )
    def test_unwrapped_driver_errors_are_classified(self, error: BaseException, expected: Failure) -> None:
        """Connecting with asyncpg raises the driver's and the socket's errors; a missing socket file names no file."""
        assert expected == failure_of(error)

    def test_a_cause_decides_where_the_error_itself_says_nothing(self) -> None:
        """The outermost failure wins: a commit whose outcome is unknown is that, whatever it was lost by."""
        assert Failure.DEADLOCK == failure_of(caused(RuntimeError("no luck"), coded("40P01")))
        assert Failure.COMMIT_UNKNOWN == failure_of(caused(CommitOutcomeUnknownError(), coded(2013)))
        itself = RuntimeError()
        assert failure_of(caused(itself, itself)) is None


def caused(error: Exception, cause: Exception) -> Exception:
    """Return *error* as raised ``from`` *cause*."""
    error.__cause__ = cause
    return error


class TestFailure:
    def test_what_is_worth_another_try_at_once(self) -> None:
        """The next try may well succeed; where there was no connection, one more caller only adds to the load."""
        transient = {Failure.SERIALIZATION, Failure.DEADLOCK, Failure.LOCK_TIMEOUT, Failure.CONNECTION_LOST}
        assert transient == {failure for failure in Failure if failure.is_transient}

    def test_all_but_a_conflict_and_an_unknown_commit_is_an_outage(self) -> None:
        """A conflict is the request's own; after an unknown commit, a second try may do the thing twice."""
        assert {Failure.CONFLICT, Failure.COMMIT_UNKNOWN} == {each for each in Failure if not each.is_unavailable}


class TestCommitOutcomeIsKnown:
    @pytest.mark.parametrize("code", ["40001", "40P01", "55P03", "23505", 1213, 1205, "SQLITE_BUSY"])
    def test_a_refused_commit_has_done_nothing(self, code: str | int) -> None:
        """The server itself says that it undid the transaction."""
        assert commit_outcome_is_known(coded(code))

    @pytest.mark.parametrize(
        "error",
        [coded("57P01", lost=True), coded(2013, lost=True), coded(1047), coded("40003"), coded(1180), TimeoutError()],
        ids=told_of,
    )
    def test_all_else_may_have_committed(self, error: BaseException) -> None:
        """A missing answer is not a refusal."""
        assert not commit_outcome_is_known(error)


class TestIsUnavailable:
    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (PoolTimeoutError(), True),
            (ConnectionRefusedError(), True),
            (coded(2003), True),
            (coded("SQLITE_BUSY"), True),
            (wrapped(ProgrammingError, DriverError("gone"), lost=True), True),
            (wrapped(IntegrityError, DriverError(sqlstate="23505")), False),
            (wrapped(ProgrammingError, DriverError(sqlstate="42P01")), False),
            (CommitOutcomeUnknownError(), False),
            (ValueError(), False),
        ],
        ids=told_of,
    )
    def test_only_what_may_pass_is(self, error: BaseException, *, expected: bool) -> None:
        """An error that would occur again is a fault, not an outage."""
        assert expected == is_unavailable(error)
