"""Statements that are sent many times for one task are noticed, with the line that sends them."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest

from sessionscope.database.checkouts import current_task
from sessionscope.database.repeated_statements import KEPT, MANY, RepeatedStatements, SentStatements

pytestmark = pytest.mark.isolation("none")

SELECT = "SELECT * FROM users WHERE id = ?"


class Task:
    """A task that keeps a count, as a request does."""

    def __init__(self, name: str = "GET /users") -> None:
        self.name = name
        self.sent = SentStatements()

    def __str__(self) -> str:
        return self.name


@contextmanager
def running(task: object) -> Generator[None, None, None]:
    """Work for *task* in the block."""
    token = current_task.set(task)
    try:
        yield
    finally:
        current_task.reset(token)


def sent(found: RepeatedStatements, times: int, statement: str = SELECT, task: object = None) -> None:
    """Send *statement* several times for one task."""
    with running(task or Task()):
        for _ in range(times):
            found.count(statement)


class TestRepeatedStatements:
    def test_a_repetition_has_its_task_and_its_line(self) -> None:
        """The line is that of the loop."""
        found = RepeatedStatements()
        sent(found, MANY + 2)
        (repetition,) = found.latest()
        assert ("GET /users", SELECT) == repetition.place[:2]
        assert repetition.place.line.endswith("in sent")
        assert (MANY + 2, 1) == (repetition.most, repetition.tasks)

    def test_few_are_no_repetition(self) -> None:
        """A request may send a statement some times."""
        found = RepeatedStatements()
        sent(found, MANY - 1)
        assert [] == found.latest()

    def test_each_task_is_counted_by_itself(self) -> None:
        """Many requests that send a statement once are fine."""
        found = RepeatedStatements()
        for _ in range(MANY):
            sent(found, 1)
        assert [] == found.latest()

    def test_requests_of_one_endpoint_are_one_repetition(self) -> None:
        """It tells how many there were, and the most statements of one of them."""
        found = RepeatedStatements()
        for times in (MANY, 3 * MANY, MANY + 1):
            sent(found, times)
        (repetition,) = found.latest()
        assert (3 * MANY, 3) == (repetition.most, repetition.tasks)

    @pytest.mark.parametrize("statement", ["BEGIN", "SAVEPOINT sa_savepoint_1", "PRAGMA query_only = ON"])
    def test_other_statements_are_not_counted(self, statement: str) -> None:
        """A transaction per visit is not what a join would save."""
        found = RepeatedStatements()
        sent(found, 2 * MANY, statement)
        assert [] == found.latest()

    def test_a_task_without_a_count_is_left_alone(self) -> None:
        """A job may send thousands of statements."""
        found = RepeatedStatements()
        sent(found, 2 * MANY, task="a job")
        assert [] == found.latest()

    def test_only_the_last_ones_are_kept(self) -> None:
        """The memory has a limit, and the newest comes first."""
        found = RepeatedStatements()
        for number in range(KEPT + 1):
            sent(found, MANY, task=Task(f"GET /{number}"))
        latest = [repetition.place.task for repetition in found.latest()]
        assert (KEPT, f"GET /{KEPT}", "GET /1") == (len(latest), latest[0], latest[-1])
