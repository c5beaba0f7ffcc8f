"""Gives the places of each row their positions from left to right: near their neighbours, and never overlapping."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from sessionscope.observe.wiring.svg.ordering import Line, Place
from sessionscope.observe.wiring.svg.sizes import BOX_GAP

_SWEEPS: Final = 80
_PASSED_WIDTH: Final = 2.0
# A long line should be straight more than a box should be in the middle of its neighbours.
_STRAIGHTNESS: Final = 8.0


def placed(order: Sequence[Sequence[Place]], lines: Iterable[Line], widths: Mapping[str, float]) -> dict[Place, float]:
    """Return the middle of each place, in pixels from the left. The widest row begins at 0."""
    spread = max((_length(row, widths) for row in order), default=0.0)
    centres = {place: at for row in order for place, at in _fitted(row, _packed(row, widths, spread), widths, spread)}
    neighbours = _weighted(lines)
    for sweep in range(_SWEEPS):
        for row in order if sweep % 2 == 0 else reversed(order):
            wanted = [_wanted(place, neighbours[place], centres) for place in row]
            centres |= dict(_fitted(row, wanted, widths, spread))
    return centres


def _width(place: Place, widths: Mapping[str, float]) -> float:
    return _PASSED_WIDTH if place.is_passed else widths[place.name]


def _length(row: Sequence[Place], widths: Mapping[str, float]) -> float:
    return sum(_width(place, widths) for place in row) + BOX_GAP * (len(row) - 1)


def _packed(row: Sequence[Place], widths: Mapping[str, float], spread: float) -> list[tuple[float, float]]:
    """Return positions and weights that put *row* into the middle."""
    left = (spread - _length(row, widths)) / 2
    wanted: list[tuple[float, float]] = []
    for place in row:
        wanted.append((left + _width(place, widths) / 2, 1.0))
        left += _width(place, widths) + BOX_GAP
    return wanted


def _weighted(lines: Iterable[Line]) -> defaultdict[Place, dict[Place, float]]:
    neighbours: defaultdict[Place, dict[Place, float]] = defaultdict(dict)
    for line in lines:
        for one, other in pairwise(line):
            weight = _STRAIGHTNESS if one.is_passed and other.is_passed else 1.0
            neighbours[one][other] = neighbours[other][one] = weight
    return neighbours


def _wanted(place: Place, neighbours: Mapping[Place, float], centres: Mapping[Place, float]) -> tuple[float, float]:
    """Return the mean position of the neighbours of *place*, and how much it matters."""
    total = sum(neighbours.values())
    if not total:
        return centres[place], 0.1
    return sum(centres[each] * weight for each, weight in neighbours.items()) / total, total


def _fitted(
    row: Sequence[Place], wanted: Sequence[tuple[float, float]], widths: Mapping[str, float], spread: float
) -> Iterable[tuple[Place, float]]:
    """Return positions as near as possible to those *wanted*, in the same order, apart, and inside the picture."""
    offsets = [0.0]
    for left, right in pairwise(row):
        offsets.append(offsets[-1] + (_width(left, widths) + _width(right, widths)) / 2 + BOX_GAP)
    shifted = [(at - offset, weight) for (at, weight), offset in zip(wanted, offsets, strict=True)]
    least = _width(row[0], widths) / 2
    most = spread - _width(row[-1], widths) / 2 - offsets[-1]
    fitted = (min(max(at, least), most) for at in _not_falling(shifted))
    return [(place, at + offset) for place, at, offset in zip(row, fitted, offsets, strict=True)]


def _not_falling(wanted: Sequence[tuple[float, float]]) -> list[float]:
    """Return the values nearest to those *wanted*, by weighted squares, of which none is less than the one before.

    Source: the pool-adjacent-violators algorithm of isotonic regression.
    """
    pools: list[tuple[float, float, int]] = []
    for at, weight in wanted:
        pools.append((at, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (left, left_weight, left_size), (right, right_weight, right_size) = pools[-2:]
            total = left_weight + right_weight
            pools[-2:] = [((left * left_weight + right * right_weight) / total, total, left_size + right_size)]
    return [at for at, _, size in pools for _ in range(size)]
