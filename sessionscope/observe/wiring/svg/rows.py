"""Puts the providers into rows, one below the other, so that what a provider takes is above it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sessionscope.observe.wiring.graph import Graph, Lifetime, Node
from sessionscope.observe.wiring.svg.sizes import BOX_GAP, WIDEST_ROW, width_of


@dataclass(frozen=True)
class Row:
    """Providers of one lifetime and one container that are drawn beside each other."""

    lifetime: Lifetime
    container: str
    nodes: tuple[Node, ...]


def rows_of(graph: Graph) -> list[Row]:
    """Return the rows from the top to the bottom: the longest lifetime first, and each provider as low as possible."""
    rows: list[Row] = []
    for lifetime in graph.lifetimes():
        lane = [node for node in graph.nodes if node.lifetime is lifetime]
        rows += reversed(list(_from_bottom(graph, lane)))
    return rows


def _from_bottom(graph: Graph, lane: list[Node]) -> Iterator[Row]:
    """Yield the rows of one lifetime, the lowest first: that of the providers which no other one takes."""
    waiting = {node.name: node for node in lane}
    while waiting:
        container = _next_container(graph, waiting)
        # In a cycle, no provider can be lower than what takes it: one of them is drawn first.
        ready = _ready(graph, waiting, container) or [next(iter(waiting.values()))]
        while ready:
            for node in ready:
                del waiting[node.name]
            yield from _broken(graph, ready)
            ready = _ready(graph, waiting, container)


def _ready(graph: Graph, waiting: dict[str, Node], container: str) -> list[Node]:
    return [
        node
        for node in waiting.values()
        if node.container == container and not any(edge.target in waiting for edge in graph.out_of[node.name])
    ]


def _next_container(graph: Graph, waiting: dict[str, Node]) -> str:
    """Return the container that the next row is taken from, so that its providers stay together.

    The best is one whose providers are taken by no other one's, then any that has a row.
    """
    containers = list(dict.fromkeys(node.container for node in waiting.values()))
    for container in containers:
        if not _taken_elsewhere(graph, waiting, container):
            return container
    return next((each for each in containers if _ready(graph, waiting, each)), containers[0])


def _taken_elsewhere(graph: Graph, waiting: dict[str, Node], container: str) -> bool:
    inside = (node for node in waiting.values() if node.container == container)
    targets = (waiting.get(edge.target) for node in inside for edge in graph.out_of[node.name])
    return any(target is not None and target.container != container for target in targets)


def _broken(graph: Graph, nodes: list[Node]) -> Iterator[Row]:
    """Yield rows that are not too wide, the lowest first. Those that take nothing come last, near what takes them."""
    ordered = sorted(nodes, key=lambda node: not graph.into[node.name])
    yield from reversed([Row(nodes[0].lifetime, nodes[0].container, tuple(part)) for part in _parts(ordered)])


def _parts(nodes: Iterable[Node]) -> Iterator[list[Node]]:
    part: list[Node] = []
    width = 0.0
    for node in nodes:
        width += width_of(node) + BOX_GAP
        if part and width > WIDEST_ROW:
            yield part
            part, width = [], width_of(node) + BOX_GAP
        part.append(node)
    yield part
