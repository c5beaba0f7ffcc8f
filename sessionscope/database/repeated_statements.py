"""Finds statements that are sent many times for one task, as by a loop in the place of a join ("N+1").

Nothing is counted before `repeated_statements.watch()`. What a task has sent is counted in an object that the task
itself keeps, so it ends with the task.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Final, NamedTuple

from sessionscope.code_lines import code_line
from sessionscope.database.checkouts import current_task
from sessionscope.database.signals import statement_sent

# A task that sends a statement this often is reported.
MANY: Final = 10
KEPT: Final = 50
_COUNTED: Final = ("select", "insert", "update", "delete", "with")


class Place(NamedTuple):
    """What repeats statements.

    Attributes:
        task: What the statement is sent for, such as ``GET /users``.
        statement: Its text, without values.
        line: The line that sent it when it had become too many.
    """

    task: str
    statement: str
    line: str


@dataclass(slots=True)
class Repetition:
    """A statement that was sent many times for one task.

    Attributes:
        place: What repeats it.
        most: How many times it was sent for one task, at most.
        tasks: For how many tasks it was sent too many times.
        at: When that was noticed last, in UTC.
    """

    place: Place
    most: int = MANY
    tasks: int = 0
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class SentStatements:
    """The statements that were sent for one task.

    Attributes:
        counts: How many times each statement was sent.
        repetitions: Those that were sent too many times.
    """

    __slots__ = ("counts", "repetitions")

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.repetitions: dict[str, Repetition] = {}


class RepeatedStatements:
    """The last repetitions in this process."""

    def __init__(self) -> None:
        self._latest: OrderedDict[Place, Repetition] = OrderedDict()
        self._lock = Lock()

    def watch(self) -> None:
        """Count the statements of tasks that have an attribute `sent`, from now on."""
        statement_sent.add(self.count)

    def latest(self) -> list[Repetition]:
        """Return the last 50 repetitions, the last one first."""
        with self._lock:
            return list(reversed(self._latest.values()))

    def count(self, statement: str) -> None:
        """Count *statement* for the current task, unless the task keeps no count."""
        task: Any = current_task.get()
        try:
            sent: SentStatements = task.sent
        except AttributeError:
            return
        number = sent.counts[statement] = sent.counts.get(statement, 0) + 1
        if number == MANY and statement.lstrip().lower().startswith(_COUNTED):
            sent.repetitions[statement] = self._note(Place(str(task), statement, str(code_line())))
        elif number > MANY and statement in sent.repetitions:
            repetition = sent.repetitions[statement]
            repetition.most = max(repetition.most, number)

    def _note(self, place: Place) -> Repetition:
        with self._lock:
            repetition = self._latest.setdefault(place, Repetition(place))
            self._latest.move_to_end(place)
            repetition.tasks += 1
            repetition.at = datetime.now(UTC)
            if len(self._latest) > KEPT:
                self._latest.popitem(last=False)
            return repetition


repeated_statements: Final = RepeatedStatements()
