"""Finds statements that take long: logs each of them with the line of code that sent it, and keeps the last ones."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from time import perf_counter
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine

from sessionscope.code_lines import code_line
from sessionscope.database.checkouts import current_task
from sessionscope.database.signals import statement_sent
from sessionscope.printable import printable

logger = logging.getLogger(__name__)

KEPT_STATEMENTS: Final = 100
LONGEST_STATEMENT: Final = 500
# Enough to ask the database for the plan of nearly any statement.
LONGEST_SQL: Final = 20_000
_numbers: Final = count(1)


@dataclass(frozen=True, slots=True)
class SlowStatement:
    """A statement that took long, or that failed after a long time.

    Attributes:
        statement: The SQL in one line, at most 500 characters, without the values that were sent with it.
        seconds: How long it took.
        at: When it ended, in UTC.
        code_line: The line of the service that sent it, such as ``app/users/service.py:12 in find``. Empty if it is
            not known: the thread that sent it has none.
        task: What it was sent for, such as ``GET /users/{user_id}``.
        sql: The SQL as it was sent, at most 20,000 characters, also without values.
        number: Its number among those of this process.
    """

    statement: str
    seconds: float
    at: datetime
    code_line: str
    task: str
    sql: str
    number: int

    def __str__(self) -> str:
        line = f" at {self.code_line}" if self.code_line else ""
        return f"{self.task} waited {self.seconds * 1000:,.0f} ms for a statement{line}: {self.statement}"


class SlowStatements:
    """The last slow statements of an engine in this process.

    Args:
        threshold_seconds: A statement that takes this long is slow.

    Attributes:
        threshold_seconds: The same.
        latest: The last 100, oldest first. Copy it before you read it: other threads add to it.
    """

    def __init__(self, threshold_seconds: float) -> None:
        self.threshold_seconds = threshold_seconds
        self.latest: deque[SlowStatement] = deque(maxlen=KEPT_STATEMENTS)

    def add(self, statement: str, seconds: float) -> None:
        """Keep a slow statement of the running code, and log it."""
        line = code_line()
        slow = SlowStatement(
            statement=printable(" ".join(statement.split()), LONGEST_STATEMENT),
            seconds=seconds,
            at=datetime.now(UTC),
            code_line=str(line) if line.is_known else "",
            task=str(current_task.get()),
            sql=statement[:LONGEST_SQL],
            number=next(_numbers),
        )
        self.latest.append(slow)
        fields = {"statement": slow.statement, "duration_ms": round(seconds * 1000, 3), "task": slow.task}
        logger.warning("%s", slow, extra=fields | ({"code_line": slow.code_line} if slow.code_line else {}))


# By dialect, because each engine has one of its own, and shares it with the engines that `execution_options` returns.
_watched: Final[WeakKeyDictionary[Dialect, SlowStatements]] = WeakKeyDictionary()


def slow_statements(engine: Engine | AsyncEngine) -> SlowStatements | None:
    """Return the slow statements of *engine*, or None if they are not watched."""
    return _watched.get(engine.dialect)


def watch_statements(engine: Engine, threshold_seconds: float) -> None:
    """Log and keep each statement of *engine* that takes *threshold_seconds* or longer.

    Listeners of the same events that are added later are not called.
    """
    found = _watched[engine.dialect] = SlowStatements(threshold_seconds)
    # Events of the cursor cost several times as much: with any of them, SQLAlchemy prepares for all of the engine's.
    for method in ("do_execute", "do_executemany", "do_execute_no_params"):
        event.listen(engine, method, _timed(getattr(engine.dialect, method), found))


def _timed(send: Callable[..., None], found: SlowStatements) -> Callable[..., bool]:
    threshold_seconds = found.threshold_seconds

    def execute(cursor: Any, statement: str, *rest: Any) -> bool:
        statement_sent(statement)
        began = perf_counter()
        try:
            send(cursor, statement, *rest)
        finally:
            # A statement that fails after a long time is of interest too.
            seconds = perf_counter() - began
            if seconds >= threshold_seconds:
                found.add(statement, seconds)
        # It was sent: SQLAlchemy doesn't send it again.
        return True

    return execute
