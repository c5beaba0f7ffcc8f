"""Trees of connections that wait for each other."""

from sessionscope.database.backends.diagnosis import ServerConnection
from sessionscope.observe.lock_waits import Blocker, trees_of

Shape = dict[int, "Shape"]


def shape(trees: list[Blocker]) -> Shape:
    """Return the ids in *trees*."""
    return {each.connection.id: shape(each.waiters) for each in trees}


def waits(waiter: int, *blockers: int) -> ServerConnection:
    """Return a connection that waits for others."""
    return ServerConnection(id=waiter, blocked_by=blockers, waits_for="a row" if blockers else "")


class TestTrees:
    def test_last_of_a_queue_is_below_the_one_before_it(self) -> None:
        """It waits for all of them, and each is listed once."""
        trees = trees_of([waits(3, 2, 1), waits(1), waits(2, 1)])
        assert ({1: {2: {3: {}}}}, 2) == (shape(trees), trees[0].count())

    def test_waiter_of_two_is_below_both(self) -> None:
        """Ending one of them is not enough."""
        assert {1: {3: {}}, 2: {3: {}}} == shape(trees_of([waits(1), waits(2), waits(3, 1, 2)]))

    def test_circle_ends(self) -> None:
        """Until the server ends a deadlock, one of its connections is on top."""
        assert {1: {2: {}}} == shape(trees_of([waits(1, 2), waits(2, 1)]))

    def test_blocker_that_is_not_listed_is_ignored(self) -> None:
        """It has ended in between."""
        assert {2: {}} == shape(trees_of([waits(2, 1)]))
