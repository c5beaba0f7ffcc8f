"""Orders the boxes of each row so that few lines cross.

A line that passes a row has a place of its own in it. Lines from one provider share their way until they part.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

from sessionscope.observe.wiring.graph import Edge, Graph, How
from sessionscope.observe.wiring.svg.rows import Row

_SWEEPS: Final = 24


@dataclass(frozen=True, order=True)
class Place:
    """A place in a row: that of a box, or of the lines that pass on their way from a provider.

    Attributes:
        row: The number of the row, from the top.
        name: The provider in the box, or the provider that the lines begin at.
        is_passed: Whether it is a place of lines.
        is_dashed: Whether the lines are dashed.
    """

    row: int
    name: str
    is_passed: bool = False
    is_dashed: bool = False


Line: TypeAlias = tuple[Place, ...]


def is_dashed(edge: Edge) -> bool:
    """Tell whether the line of *edge* is dashed, because the object itself does not go into the other."""
    return edge.how is How.PROVIDER


def lines_of(graph: Graph, rows: Sequence[Row]) -> dict[Edge, Line]:
    """Return the places that the line of each edge goes through, from the box of its source to that of its target."""
    boxes = {node.name: Place(number, node.name) for number, row in enumerate(rows) for node in row.nodes}
    return {edge: _line(boxes[edge.source], boxes[edge.target], dashed=is_dashed(edge)) for edge in graph.edges}


def _line(source: Place, target: Place, *, dashed: bool) -> Line:
    passed = (
        Place(number, source.name, is_passed=True, is_dashed=dashed) for number in range(source.row + 1, target.row)
    )
    return (source, *passed, target)


def ordered(rows: Sequence[Row], lines: Iterable[Line]) -> list[list[Place]]:
    """Return the places of each row, from left to right, in the order with the fewest crossings that was found."""
    lines = list(lines)
    steps = {step for line in lines for step in pairwise(line)}
    above, below = _neighbours((upper, lower) for upper, lower in steps if upper.row < lower.row)
    order = _first_order(rows, lines)
    best, fewest = order, crossings(order, below)
    for sweep in range(_SWEEPS):
        order = _swept(order, above if sweep % 2 == 0 else below, downwards=sweep % 2 == 0)
        order = [_exchanged(row, _indexed(order), above, below) for row in order]
        count = crossings(order, below)
        if count < fewest:
            best, fewest = order, count
    return best


def _neighbours(
    steps: Iterable[tuple[Place, Place]],
) -> tuple[Mapping[Place, list[Place]], Mapping[Place, list[Place]]]:
    above: defaultdict[Place, list[Place]] = defaultdict(list)
    below: defaultdict[Place, list[Place]] = defaultdict(list)
    for upper, lower in sorted(steps):
        above[lower].append(upper)
        below[upper].append(lower)
    return above, below


def _first_order(rows: Sequence[Row], lines: Iterable[Line]) -> list[list[Place]]:
    order = [[Place(number, node.name) for node in row.nodes] for number, row in enumerate(rows)]
    for place in dict.fromkeys(place for line in lines for place in line if place.is_passed):
        order[place.row].append(place)
    return order


def _swept(order: list[list[Place]], neighbours: Mapping[Place, list[Place]], *, downwards: bool) -> list[list[Place]]:
    """Return the order after each row, one after the other, was sorted by the mean position of its neighbours."""
    swept = list(order)
    numbers = range(len(order)) if downwards else range(len(order) - 1, -1, -1)
    positions: dict[Place, float] = {}
    for number in numbers:
        row = order[number]
        own = {place: (index + 0.5) / len(row) for index, place in enumerate(row)}
        wanted = {place: _mean([positions[each] for each in neighbours.get(place, [])], own[place]) for place in row}
        swept[number] = sorted(row, key=lambda place: (wanted[place], own[place]))
        positions |= {place: (index + 0.5) / len(row) for index, place in enumerate(swept[number])}
    return swept


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _exchanged(
    row: list[Place],
    index: Mapping[Place, int],
    above: Mapping[Place, list[Place]],
    below: Mapping[Place, list[Place]],
) -> list[Place]:
    """Return *row* after neighbours in it have changed places where fewer lines cross then."""
    row = list(row)
    for left in range(len(row) - 1):
        pair = row[left : left + 2]
        now, then = (
            sum(
                _crossed([(number, index[each]) for number, place in enumerate(two) for each in side.get(place, [])])
                for side in (above, below)
            )
            for two in (pair, pair[::-1])
        )
        if then < now:
            row[left : left + 2] = pair[::-1]
    return row


def _indexed(order: Sequence[Sequence[Place]]) -> dict[Place, int]:
    return {place: number for row in order for number, place in enumerate(row)}


def crossings(order: Sequence[Sequence[Place]], below: Mapping[Place, list[Place]]) -> int:
    """Return how many lines cross between the rows."""
    index = _indexed(order)
    return sum(
        _crossed([(index[place], index[each]) for place in row for each in below.get(place, [])]) for row in order
    )


def _crossed(steps: list[tuple[int, int]]) -> int:
    return sum(
        (first[0] - second[0]) * (first[1] - second[1]) < 0
        for number, first in enumerate(steps)
        for second in steps[number + 1 :]
    )
