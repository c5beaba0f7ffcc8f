"""Where everything in the picture is: boxes, the lanes of lifetimes, the frames of nested containers, lines."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from sessionscope.observe.wiring.graph import Edge, Graph, Lifetime, Node
from sessionscope.observe.wiring.svg.ordering import Line, Place, lines_of, ordered
from sessionscope.observe.wiring.svg.placing import placed
from sessionscope.observe.wiring.svg.rows import Row, rows_of
from sessionscope.observe.wiring.svg.sizes import (
    BOX_HEIGHT,
    CLUSTER_GAP,
    FRAME_PADDING,
    HEADER,
    LANE_GAP,
    LANE_HEADER,
    LANE_PADDING,
    MARGIN,
    NARROWEST,
    ROW_GAP,
    width_of,
)

# From the edge of the picture to the boxes.
_BORDER: Final = MARGIN + LANE_PADDING + FRAME_PADDING


@dataclass(frozen=True)
class Box:
    """A rectangle, by its left upper corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> float:
        """The middle, from left to right."""
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height


@dataclass(frozen=True)
class Route:
    """The way of a line: the points between which it bends, and those between which it goes straight down.

    Attributes:
        start: Where it leaves the box of its source.
        passed: The upper and the lower end of the straight pieces beside boxes.
        end: Where it meets the box of its target.
    """

    start: tuple[float, float]
    passed: tuple[tuple[float, float, float], ...]
    end: tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """The picture, without colours.

    Attributes:
        width: The width of the picture.
        height: The height of the picture.
        boxes: The box of each provider.
        lanes: The lane of each lifetime that occurs.
        frames: The frames around the rows of nested containers, with the name of the container.
        routes: The way of each line.
    """

    width: float
    height: float
    boxes: dict[Node, Box]
    lanes: dict[Lifetime, Box]
    frames: list[tuple[str, Box]]
    routes: dict[Edge, Route]


@dataclass(frozen=True)
class _Heights:
    rows: list[float]
    lanes: dict[Lifetime, tuple[float, float]]
    frames: list[tuple[str, float, float]]
    total: float


def lay_out(graph: Graph) -> Layout:
    """Return the layout of *graph*. The same graph always gives the same one."""
    rows = rows_of(graph)
    heights = _heights(rows)
    lines = lines_of(graph, rows)
    widths = {node.name: width_of(node) for node in graph.nodes}
    centres = placed(ordered(rows, lines.values()), lines.values(), widths)
    content = max(
        (centre + widths[place.name] / 2 for place, centre in centres.items() if not place.is_passed), default=0
    )
    # Few providers stand in the middle.
    left = _BORDER + max(NARROWEST - content, 0) / 2
    places = {place: (left + centre, heights.rows[place.row]) for place, centre in centres.items()}
    boxes = {
        node: _box(node, *places[Place(number, node.name)]) for number, row in enumerate(rows) for node in row.nodes
    }
    width = max(content, NARROWEST) + 2 * _BORDER
    return Layout(
        width=width,
        height=heights.total,
        boxes=boxes,
        lanes={name: _across(MARGIN, top, end, width) for name, (top, end) in heights.lanes.items()},
        frames=[(name, _across(MARGIN + LANE_PADDING, top, end, width)) for name, top, end in heights.frames],
        routes=_routes(graph, boxes, lines, places),
    )


def _box(node: Node, centre: float, top: float) -> Box:
    width = width_of(node)
    return Box(centre - width / 2, top, width, BOX_HEIGHT)


def _across(left: float, top: float, end: float, width: float) -> Box:
    return Box(left, top, width - 2 * left, end - top)


def _heights(rows: Sequence[Row]) -> _Heights:
    """Return from where to where each row, lane and frame goes, from the top of the picture."""
    tops: list[float] = []
    lanes: dict[Lifetime, tuple[float, float]] = {}
    frames: list[tuple[str, float, float]] = []
    at = float(HEADER)
    for lifetime, lane in groupby(rows, key=lambda row: row.lifetime):
        lane_top = at
        at += LANE_HEADER - CLUSTER_GAP
        for container, cluster in groupby(lane, key=lambda row: row.container):
            at += CLUSTER_GAP
            padding = FRAME_PADDING if container else 0
            own = [at + padding + number * (BOX_HEIGHT + ROW_GAP) for number, _ in enumerate(cluster)]
            tops += own
            end = own[-1] + BOX_HEIGHT + padding
            if container:
                frames.append((container, at, end))
            at = end
        at += LANE_PADDING
        lanes[lifetime] = (lane_top, at)
        at += LANE_GAP
    return _Heights(tops, lanes, frames, at - LANE_GAP + MARGIN)


def _routes(
    graph: Graph,
    boxes: Mapping[Node, Box],
    lines: Mapping[Edge, Line],
    places: Mapping[Place, tuple[float, float]],
) -> dict[Edge, Route]:
    ends = dict(_ends(graph, boxes, lines, places))
    routes: dict[Edge, Route] = {}
    for edge, line in lines.items():
        source, target = boxes[graph.by_name[edge.source]], boxes[graph.by_name[edge.target]]
        # A line goes upwards in a cycle, and to a provider that takes one of a shorter lifetime.
        start = source.bottom if source.y < target.y else source.y
        passed = ((places[place][0], places[place][1], places[place][1] + BOX_HEIGHT) for place in line[1:-1])
        routes[edge] = Route((source.centre, start), tuple(passed), ends[edge])
    return routes


def _ends(
    graph: Graph,
    boxes: Mapping[Node, Box],
    lines: Mapping[Edge, Line],
    places: Mapping[Place, tuple[float, float]],
) -> Iterator[tuple[Edge, tuple[float, float]]]:
    """Yield where each line meets its target: side by side on the upper edge, in the order in which they arrive."""
    for name, edges in graph.into.items():
        box = boxes[graph.by_name[name]]
        arriving: defaultdict[Place, list[Edge]] = defaultdict(list)
        for edge in edges:
            arriving[lines[edge][-2]].append(edge)
        for number, place in enumerate(sorted(arriving, key=lambda place: places[place][0]), 1):
            x = box.x + box.width * number / (len(arriving) + 1)
            for edge in arriving[place]:
                is_below = places[place][1] >= box.y
                yield edge, (x, box.bottom if is_below else box.y)
