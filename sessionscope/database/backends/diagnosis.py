"""What a backend can tell people about a database, for the commands `doctor`, `db locks` and `db slow`."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple, Protocol

from sqlalchemy import Connection

from sessionscope.settings import DatabaseSettings


class Status(StrEnum):
    """The result of a check. Each value is a stable code."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Observation:
    """What a backend noticed about a database.

    Attributes:
        code: A stable code in snake_case.
        status: How bad it is.
        what: What was found, as a sentence without a full stop.
        why: Why it matters. Empty if all is well.
        remedy: The command to run or the setting to change. Empty if all is well.
    """

    code: str
    status: Status
    what: str
    why: str = ""
    remedy: str = ""


class Capacity(NamedTuple):
    """How many connections a server accepts from the service.

    Attributes:
        limit: The largest number, without the connections that are reserved for administrators.
        limited_by: The setting of the server that limits the number.
        own: The number of connections that programs with our name and user have now, with this one.
        others: The number of connections that other programs have now.
    """

    limit: int
    limited_by: str
    own: int
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConnection:
    """A connection that waits for a lock, or that blocks another one, as the server sees it.

    Attributes:
        id: The server's number for the connection. 0 is a prepared transaction, which has no connection.
        application: The name under which the program connected. May be empty.
        user: The user.
        client: The address of the program. May be empty.
        state: What the connection does, in the server's words.
        seconds: For how long its transaction has been open, or its statement has waited. None if not known.
        statement: The current or last statement with its values, as the server shows it. May be empty or cut off.
        waits_for: The lock that it waits for. Empty if it doesn't wait.
        blocked_by: The numbers of the connections that it waits for.
        end: The SQL statement that ends the connection. May be empty.
    """

    id: int
    application: str = ""
    user: str = ""
    client: str = ""
    state: str = ""
    seconds: float | None = None
    statement: str = ""
    waits_for: str = ""
    blocked_by: tuple[int, ...] = ()
    end: str = ""


class Order(StrEnum):
    """How statements are ordered, slowest first."""

    TOTAL = "total"
    MEAN = "mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowStatement:
    """A statement, and how long it took. Times are in seconds.

    Attributes:
        statement: The statement without its values.
        calls: How often it ran.
        total: All its runs together.
        mean: An average run.
        longest: The longest run.
        code_line: The line of code that sent it. Empty if not known, as in a server's own statistics.
        explain: The SQL that shows its plan. Empty if not known.
    """

    statement: str
    calls: int
    total: float
    mean: float
    longest: float
    code_line: str = ""
    explain: str = ""


class NotKnownError(Exception):
    """Raised when a server can't tell what is asked.

    Attributes:
        reason: Why it can't.
        remedy: What to do about it.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason, self.remedy = reason, remedy
        super().__init__(f"{reason}: {remedy}")


class Diagnosis(Protocol):
    """Answers questions about a database. Each connection is in a transaction, which changes nothing.

    Attributes:
        explains_writes_read_only: Whether a read-only transaction explains statements that write.
    """

    explains_writes_read_only: ClassVar[bool]

    def version(self, connection: Connection) -> str:
        """Return the name and the version of the server, or of the library that takes its place."""
        ...

    def clock(self, connection: Connection) -> float | None:
        """Return the server's time in seconds since 1970, or None if there is no server."""
        ...

    def capacity(self, connection: Connection) -> Capacity | None:
        """Return how many connections the server accepts, or None if there is no such limit."""
        ...

    def observe(self, connection: Connection, settings: DatabaseSettings) -> Iterable[Observation]:
        """Yield what only this kind of database can have wrong."""
        ...

    def blocked(self, connection: Connection) -> list[ServerConnection]:
        """Return each connection that waits for a lock, and each that blocks one.

        Raises:
            NotKnownError: The server doesn't tell, or not to this user.
        """
        ...

    def slowest(self, connection: Connection, order: Order, count: int) -> list[SlowStatement]:
        """Return the slowest statements of this database, by the server's own statistics.

        Raises:
            NotKnownError: The server keeps no statistics, or doesn't show them to this user.
        """
        ...

    def explain(self, connection: Connection, statement: str, paramstyle: str) -> list[str]:
        """Return how the database would run *statement*, as lines of text. It is not run.

        Args:
            connection: The connection of a sync engine.
            statement: The text as a driver got it. Its values are not known.
            paramstyle: How that driver writes placeholders, as in PEP 249.

        Raises:
            SQLAlchemyError: The database refuses to explain it.
        """
        ...
