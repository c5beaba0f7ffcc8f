"""Writes the picture as SVG."""

from collections.abc import Iterable, Iterator
from html import escape

from sessionscope.observe.wiring.graph import EXPLAINED, Edge, Graph, How, Lifetime, Node
from sessionscope.observe.wiring.svg.layout import Box, Layout, Route, lay_out
from sessionscope.observe.wiring.svg.sizes import MARGIN, detail_of
from sessionscope.observe.wiring.svg.style import style


def draw_svg(graph: Graph) -> str:
    """Return the picture of *graph*: an SVG document that needs nothing else, light or dark as the reader prefers."""
    layout = lay_out(graph)
    lines = [*_header(graph, layout), *_lanes(layout), *_lines(graph, layout), *_boxes(graph, layout)]
    return "\n".join([*lines, *_labels(layout), "</svg>", ""])


def _header(graph: Graph, layout: Layout) -> Iterator[str]:
    width, height = _number(layout.width), _number(layout.height)
    title = f"The wiring of {graph.container}"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="wiring" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-labelledby="wiring-title wiring-description">'
    )
    yield f'<title id="wiring-title">{escape(title)}</title>'
    yield f'<desc id="wiring-description">{escape(_description(graph))}</desc>'
    yield f"<style>\n{style()}\n</style>"
    yield "<defs>"
    yield from (_arrow(lifetime) for lifetime in graph.lifetimes())
    yield "</defs>"
    yield f'<rect class="w-paper" width="{width}" height="{height}" rx="12"/>'
    yield f'<text class="w-title" x="{MARGIN}" y="36">{escape(title)}</text>'
    yield f'<text class="w-small" x="{MARGIN}" y="58">{escape(graph.summary())}</text>'
    yield from _legend(layout.width - MARGIN)


def _description(graph: Graph) -> str:
    lifetimes = "; ".join(
        f"{lifetime}, {EXPLAINED[lifetime]}: "
        + ", ".join(node.name for node in graph.nodes if node.lifetime is lifetime)
        for lifetime in graph.lifetimes()
    )
    return f"{graph.summary()}. {lifetimes}."


def _legend(right: float) -> Iterator[str]:
    """Yield what the two kinds of lines mean, at the right end of the header."""
    for y, kind, text in ((32, "", "takes the object"), (54, " w-provider", "takes the provider, and calls it later")):
        left = right - 262
        yield f'<g class="w-legend"><path class="w-line{kind}" d="M{_number(left)} {y}h34"/></g>'
        yield f'<text class="w-small" x="{_number(left + 44)}" y="{y + 4}">{text}</text>'


def _arrow(lifetime: Lifetime) -> str:
    return (
        f'<marker id="wiring-{lifetime}" class="w-{lifetime}" viewBox="0 0 8 8" refX="7.5" refY="4" '
        'markerWidth="6.5" markerHeight="6.5" orient="auto"><path class="w-arrow" d="M0 .5L8 4L0 7.5z"/></marker>'
    )


def _lanes(layout: Layout) -> Iterator[str]:
    for lifetime, box in layout.lanes.items():
        yield f'<g class="w-{lifetime}">{_rect("w-lane", box, 10)}</g>'
    for _, frame in layout.frames:
        yield f'<g class="w-{_lane_of(layout, frame)}">{_rect("w-frame", frame, 8)}</g>'


def _labels(layout: Layout) -> Iterator[str]:
    """Yield the titles of lanes and frames, which are in front of the lines."""
    for lifetime, box in layout.lanes.items():
        x, y = _number(box.x + 16), _number(box.y + 23)
        yield (
            f'<text class="w-{lifetime} w-over" x="{x}" y="{y}"><tspan class="w-lane-title">{lifetime}</tspan>'
            f'<tspan class="w-small" dx="9">{EXPLAINED[lifetime]}</tspan></text>'
        )
    for name, frame in layout.frames:
        x, y = _number(frame.x + 14), _number(frame.y + 4)
        lane = _lane_of(layout, frame)
        yield f'<text class="w-{lane} w-over w-frame-title" x="{x}" y="{y}">{escape(name)}</text>'


def _lane_of(layout: Layout, frame: Box) -> Lifetime:
    return next(lifetime for lifetime, lane in layout.lanes.items() if lane.y <= frame.y < lane.bottom)


def _lines(graph: Graph, layout: Layout) -> Iterator[str]:
    for edge, route in layout.routes.items():
        lifetime = graph.by_name[edge.source].lifetime
        kind = " w-provider" if edge.how is How.PROVIDER else ""
        yield (
            f'<g class="w-{lifetime}"><path class="w-line{kind}" data-from="{escape(edge.source)}" '
            f'data-to="{escape(edge.target)}" marker-end="url(#wiring-{lifetime})" d="{_curve(route)}">'
            f"<title>{escape(_told(edge))}</title></path></g>"
        )


def _told(edge: Edge) -> str:
    if edge.how is How.OVERRIDE:
        return f"{edge.target} is overridden with {edge.source}"
    taken = f"{edge.source}.provider" if edge.how is How.PROVIDER else edge.source + edge.part
    return f"{edge.target} takes {taken}"


def _curve(route: Route) -> str:
    x, y = route.start
    steps = [f"M{_number(x)} {_number(y)}"]
    for at, top, bottom in route.passed:
        steps += [_bend((x, y), (at, top)), f"V{_number(bottom)}"]
        x, y = at, bottom
    return "".join([*steps, _bend((x, y), route.end)])


def _bend(start: tuple[float, float], end: tuple[float, float]) -> str:
    """Return a curve that leaves and arrives vertically."""
    middle = (start[1] + end[1]) / 2
    return f"C{_points((start[0], middle), (end[0], middle), end)}"


def _points(*points: tuple[float, float]) -> str:
    return " ".join(f"{_number(x)} {_number(y)}" for x, y in points)


def _boxes(graph: Graph, layout: Layout) -> Iterator[str]:
    for node in graph.nodes:
        box = layout.boxes[node]
        x = _number(box.centre)
        overridden = " w-overridden" if node.overridden_by is not None else ""
        yield f'<g class="w-{node.lifetime}{overridden}" data-name="{escape(node.name)}">'
        yield f"<title>{escape(_tip(node))}</title>{_rect('w-box', box, 7)}"
        yield f'<text class="w-name" x="{x}" y="{_number(box.y + 19.5)}">{escape(node.short_name)}</text>'
        yield f'<text class="w-detail" x="{x}" y="{_number(box.y + 35)}">{escape(detail_of(node))}</text></g>'


def _tip(node: Node) -> str:
    parts: Iterable[str] = (
        f"{node.name}: {node.kind}",
        f"makes {node.makes}" if node.makes else "",
        f"overridden with {node.overridden_by}" if node.overridden_by is not None else "",
        f"{node.lifetime}: {EXPLAINED[node.lifetime]}",
    )
    return "; ".join(filter(None, parts))


def _rect(kind: str, box: Box, radius: int) -> str:
    return (
        f'<rect class="{kind}" x="{_number(box.x)}" y="{_number(box.y)}" width="{_number(box.width)}" '
        f'height="{_number(box.height)}" rx="{radius}"/>'
    )


def _number(value: float) -> str:
    """Return *value* with one decimal at most, so that the file is small and the same on every machine."""
    return f"{round(value, 1):g}"
