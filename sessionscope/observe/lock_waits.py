"""Which connections wait for each other's locks, as trees with the blocking connections on top."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine

from sessionscope.database.backends import backend_of
from sessionscope.database.backends.diagnosis import ServerConnection
from sessionscope.observe.asking import asking


@dataclass(frozen=True, slots=True)
class Blocker:
    """A connection, and those that wait for it.

    Attributes:
        connection: The connection.
        waiters: The connections that wait for it directly, with their own waiters.
    """

    connection: ServerConnection
    waiters: "list[Blocker]"

    def count(self) -> int:
        """Return how many connections wait for this one, directly or not."""
        return len(set(_ids(self))) - 1

    def as_object(self) -> dict[str, Any]:
        """Return the tree for JSON."""
        return asdict(self.connection) | {"waiters": [each.as_object() for each in self.waiters]}


def read_trees(engine: Engine) -> list[Blocker]:
    """Return the trees of the server of *engine*, the connections that block others on top.

    Raises:
        NotKnownError: The server doesn't tell.
        SQLAlchemyError: The server doesn't answer.
    """
    with engine.connect() as connection, asking(connection):
        return trees_of(backend_of(engine.dialect.name).diagnosis.blocked(connection))


def trees_of(connections: Iterable[ServerConnection]) -> list[Blocker]:
    """Return the trees of *connections*. A connection that waits for several others is below each of them.

    In a queue for one lock, the last waiter waits for all others. It is only below the one before it.
    If connections wait for each other in a circle, which a server ends soon, one of them is on top.
    """
    by_id = {each.id: each for each in connections}
    tops = [each for each in by_id.values() if not any(other in by_id for other in each.blocked_by)]
    trees = [_tree(each, by_id, ()) for each in tops]
    seen = {number for each in trees for number in _ids(each)}
    for each in by_id.values():
        if each.id not in seen:
            trees.append(_tree(each, by_id, ()))
            seen |= set(_ids(trees[-1]))
    return trees


def _tree(top: ServerConnection, by_id: dict[int, ServerConnection], above: tuple[int, ...]) -> Blocker:
    above = (*above, top.id)
    waiters = [each for each in by_id.values() if each.id not in above and _waits_directly(each, top.id, by_id)]
    return Blocker(top, [_tree(each, by_id, above) for each in waiters])


def _waits_directly(waiter: ServerConnection, blocker: int, by_id: dict[int, ServerConnection]) -> bool:
    """Tell whether *waiter* waits for *blocker*, and for no other one that waits for *blocker* too."""
    others = [by_id[each] for each in waiter.blocked_by if each in by_id and each != blocker]
    is_in_circle = any(waiter.id in each.blocked_by for each in others)
    return blocker in waiter.blocked_by and (is_in_circle or not any(blocker in each.blocked_by for each in others))


def _ids(tree: Blocker) -> Iterator[int]:
    yield tree.connection.id
    for each in tree.waiters:
        yield from _ids(each)
