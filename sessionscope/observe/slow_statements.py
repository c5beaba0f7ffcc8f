"""The slowest statements, from each source that keeps a record of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import Engine

from sessionscope.database.backends import backend_of
from sessionscope.database.backends.diagnosis import NotKnownError, Order, SlowStatement
from sessionscope.observe.asking import asking
from sessionscope.observe.inspection.states import ProcessState


class Source(NamedTuple):
    """A record of slow statements.

    Attributes:
        name: What keeps the record, such as ``the server``.
        read: Returns the slowest statements in an order, at most as many as its second argument says. It raises
            `NotKnownError` if there is no record.
    """

    name: str
    read: Callable[[Order, int], list[SlowStatement]]


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What one source says.

    Attributes:
        source: The name of the source.
        statements: The statements, slowest first.
        reason: Why there are none. Empty if the source has a record.
        remedy: What to do so that there is a record.
    """

    source: str
    statements: list[SlowStatement]
    reason: str = ""
    remedy: str = ""


def read_sources(sources: Iterable[Source], order: Order, count: int) -> list[SourceReport]:
    """Return what each of *sources* says.

    Raises:
        SQLAlchemyError: The server doesn't answer.
    """
    return [_read(each, order, count) for each in sources]


def server_source(engine: Engine) -> Source:
    """Return the server's own statistics of its statements. They don't say which line of code sent a statement."""

    def read(order: Order, count: int) -> list[SlowStatement]:
        with engine.connect() as connection, asking(connection):
            return backend_of(engine.dialect.name).diagnosis.slowest(connection, order, count)

    return Source("the server's statistics", read)


def process_source(states: Iterable[ProcessState], database: str) -> Source:
    """Return what running processes have recorded: their last statements that took `database.slow_statement` or longer.

    Args:
        states: The states of the processes.
        database: The name of the database in the container.
    """
    found = [each for state in states for each in state.slow if each.database == database]

    def read(order: Order, count: int) -> list[SlowStatement]:
        if not found:
            raise NotKnownError(
                "no running process of this service has sent a slow statement",
                "run this in the service's folder, as its user; `database.slow_statement` says what is slow",
            )
        groups: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for each in found:
            groups[each.sql, each.line].append(each.seconds)
        slow = [_together(statement, line, seconds) for (statement, line), seconds in groups.items()]
        return sorted(slow, key=attrgetter(order), reverse=True)[:count]

    return Source("the running processes", read)


def _together(statement: str, line: str, seconds: list[float]) -> SlowStatement:
    calls, total = len(seconds), sum(seconds)
    return SlowStatement(
        statement=statement, calls=calls, total=total, mean=total / calls, longest=max(seconds), code_line=line
    )


def _read(source: Source, order: Order, count: int) -> SourceReport:
    try:
        return SourceReport(source.name, source.read(order, count))
    except NotKnownError as error:
        return SourceReport(source.name, [], error.reason, error.remedy)
