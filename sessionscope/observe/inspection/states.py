"""The state of a process, as it goes over the socket: which connections are in use, and who waits."""

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict


class Place(NamedTuple):
    """A line of code that took connections for one kind of task.

    Attributes:
        task: What uses the connections, such as ``GET /users/{user_id}``.
        line: The line of code.
        connections: How many connections are in use.
        seconds: For how long the first of them has been in use.
    """

    task: str
    line: str
    connections: int
    seconds: float


class State(BaseModel):
    """Base class of a part of the state. Names that a later version adds are ignored."""

    model_config = ConfigDict(frozen=True)


class Hold(State):
    """The use of a connection or a session.

    Attributes:
        task: What uses it, such as ``GET /users/{user_id}``.
        seconds: For how long it has been held.
        line: The line of code that took it.
    """

    task: str
    seconds: float
    line: str


class PoolState(State):
    """A connection pool.

    Attributes:
        name: The provider of the engine, such as ``database.async_engine``.
        database: The URL of the database without user, password and options.
        driver: The driver of the database.
        size: How many connections are kept open; None if the pool keeps none.
        max_overflow: How many more may be open; None means that there is no limit.
        in_use: How many connections are in use.
        idle: How many connections are open and not in use.
        overflow: How many connections are open beyond `size`.
        waiters: How many tasks and threads wait for a connection.
        holds: The connections in use, longest first.
    """

    name: str
    database: str
    driver: str
    size: int | None
    max_overflow: int | None
    in_use: int
    idle: int
    overflow: int
    waiters: int
    holds: tuple[Hold, ...]

    @property
    def is_exhausted(self) -> bool:
        """Whether tasks or threads wait for a connection."""
        return self.waiters > 0

    @property
    def limit(self) -> int | None:
        """How many connections may be in use at a time; None means that there is no limit."""
        return None if self.size is None or self.max_overflow is None else self.size + self.max_overflow

    def places(self) -> list[Place]:
        """Return the uses of connections, grouped by what took them where; the longest use comes first."""
        groups: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for hold in self.holds:
            groups[hold.task, hold.line].append(hold.seconds)
        places = [Place(task, line, len(held), max(held)) for (task, line), held in groups.items()]
        return sorted(places, key=lambda place: -place.seconds)


class UnitsState(State):
    """The units of work of one database since the process began.

    Attributes:
        name: The name of the database in the container.
        committed: How many were committed.
        retried: How many further runs there were, by the failure that caused them.
        given_up: How many failed because of the database, by failure.
    """

    name: str
    committed: int
    retried: dict[str, int]
    given_up: dict[str, int]


class SlowStatementState(State):
    """A statement that took long.

    Attributes:
        id: Names it among those of all processes.
        engine: The provider of the engine that sent it, such as ``database.async_engine``.
        sql: Its text as the driver got it, without the values that were sent with it.
        paramstyle: How the driver writes placeholders, as in PEP 249.
        seconds: How long it took.
        at: When it ended.
        line: The line of code that sent it; empty if it is not known.
        task: What it was sent for, such as ``GET /users/{user_id}``.
    """

    id: str
    engine: str
    sql: str
    paramstyle: str
    seconds: float
    at: datetime
    line: str
    task: str

    @property
    def database(self) -> str:
        """The name of the engine's database in the container."""
        return self.engine.rpartition(".")[0]


class RepeatedStatementState(State):
    """A statement that was sent many times for one task, as in a loop that could be a join.

    Attributes:
        task: What it was sent for, such as ``GET /users``.
        sql: Its text, without values.
        line: The line of code that sent it when it had become too many.
        most: How many times it was sent for one task, at most.
        tasks: For how many tasks it was sent too many times.
        at: When it was noticed last.
    """

    task: str
    sql: str
    line: str
    most: int
    tasks: int
    at: datetime


class ProcessState(State):
    """One process of a service.

    Attributes:
        pid: Its number.
        parent: The number of the process that started it. Workers of one server have the same.
        started: When it began to answer.
        project: The folder that it runs in.
        pools: Its pools that are in use.
        sessions: The sessions that are open, longest first.
        units: Its units of work.
        slow: The last slow statements of its engines, newest first.
        repeated: The statements that were sent many times for one task, the last one first.
    """

    pid: int
    parent: int
    started: datetime
    project: str
    pools: tuple[PoolState, ...]
    sessions: tuple[Hold, ...]
    units: tuple[UnitsState, ...]
    slow: tuple[SlowStatementState, ...] = ()
    repeated: tuple[RepeatedStatementState, ...] = ()
