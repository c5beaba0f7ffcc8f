"""The wiring as a picture."""

import re
from itertools import combinations, pairwise
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from sessionscope.observe.wiring import Edge, Graph, How, Lifetime, Node, read_graph
from sessionscope.observe.wiring.svg.drawing import draw_svg
from sessionscope.observe.wiring.svg.layout import Box, Layout, lay_out
from sessionscope.observe.wiring.svg.sizes import DETAIL_CHARACTER, NAME_CHARACTER, WIDEST_ROW
from tests.sessionscope.service.containers import ApplicationContainer, DatabaseContainer
from tests.sessionscope.unit.observe.wiring.probes import Captive, Fake, Kinds, Outer, cycle

SVG: Final = "{http://www.w3.org/2000/svg}"


def many() -> Graph:
    """Return a wiring that is too wide for one row, with names of very different lengths."""
    nodes = [Node(name="settings", lifetime=Lifetime.PROCESS, kind="Shared", makes="Settings")]
    nodes += [
        Node(name=f"service_{'x' * (number % 7) * 4}{number}", lifetime=Lifetime.CALL, kind="Factory", makes="Thing")
        for number in range(40)
    ]
    edges = [Edge(source="settings", target=node.name, how=How.OBJECT) for node in nodes[1:]]
    return Graph("Many", tuple(nodes), tuple(edges))


@pytest.fixture(
    name="graph",
    params=[Outer, Kinds, Captive, cycle, DatabaseContainer, ApplicationContainer, many],
    ids=["outer", "kinds", "captive", "cycle", "database", "service", "many"],
)
def _graph(request: pytest.FixtureRequest) -> Graph:
    """Give the wiring of containers small and large, good and faulty."""
    made = request.param()
    return made if isinstance(made, Graph) else read_graph(made)


@pytest.fixture(name="layout")
def _layout(graph: Graph) -> Layout:
    """Give the layout of the wiring."""
    return lay_out(graph)


def overlap(one: Box, other: Box) -> bool:
    """Tell whether two boxes have a point in common."""
    return (
        one.x < other.x + other.width and other.x < one.x + one.width and one.y < other.bottom and other.y < one.bottom
    )


def holds(outer: Box, inner: Box) -> bool:
    """Tell whether a box is inside another."""
    return (
        outer.x <= inner.x
        and inner.x + inner.width <= outer.x + outer.width
        and outer.y <= inner.y
        and inner.bottom <= outer.bottom
    )


class TestLayout:
    def test_boxes_do_not_overlap(self, layout: Layout) -> None:
        """Each provider can be read."""
        assert [] == [pair for pair in combinations(layout.boxes.values(), 2) if overlap(*pair)]

    def test_boxes_are_in_their_lanes(self, layout: Layout) -> None:
        """The lane shows the lifetime, and the lane is inside the picture."""
        assert all(holds(layout.lanes[node.lifetime], box) for node, box in layout.boxes.items())
        picture = Box(0, 0, layout.width, layout.height)
        assert all(holds(picture, lane) for lane in layout.lanes.values())
        assert all(upper.bottom < lower.y for upper, lower in pairwise(layout.lanes.values()))

    def test_frames_hold_the_providers_of_their_container(self, layout: Layout) -> None:
        """A frame holds those of one nested container and no other one."""
        for node, box in layout.boxes.items():
            assert [node.container] * bool(node.container) == [
                name for name, frame in layout.frames if holds(frame, box)
            ]

    def test_lines_begin_and_end_at_boxes(self, graph: Graph, layout: Layout) -> None:
        """A line leaves the lower edge of its source, and meets the upper edge of its target; or vice versa."""
        assert set(graph.edges) == set(layout.routes)
        for edge, route in layout.routes.items():
            source, target = layout.boxes[graph.by_name[edge.source]], layout.boxes[graph.by_name[edge.target]]
            is_downwards = source.y < target.y
            assert (source.centre, source.bottom if is_downwards else source.y) == route.start
            assert target.x < route.end[0] < target.x + target.width
            assert (target.y if is_downwards else target.bottom) == route.end[1]

    def test_lines_pass_beside_boxes(self, layout: Layout) -> None:
        """On its way down, a line crosses no box."""
        passed = [Box(x, top, 0, end - top) for route in layout.routes.values() for x, top, end in route.passed]
        assert [] == [(line, box) for line in passed for box in layout.boxes.values() if overlap(line, box)]

    def test_text_fits_into_boxes(self, layout: Layout) -> None:
        """No name is cut off, an override's included."""
        for node, box in layout.boxes.items():
            assert len(node.short_name) * NAME_CHARACTER < box.width
            assert len(node.overridden_by or node.makes) * DETAIL_CHARACTER < box.width

    def test_many_providers_are_broken_into_rows(self) -> None:
        """The picture fits into a page."""
        layout = lay_out(many())
        assert layout.width < WIDEST_ROW + 200
        assert 3 < len({box.y for box in layout.boxes.values()})

    def test_service_has_few_crossings(self) -> None:
        """The order in each row is chosen so that lines rarely cross: at most once for two lines."""
        routes = list(lay_out(read_graph(ApplicationContainer())).routes.values())
        steps = [step for route in routes for step in pairwise([(*route.start, 0.0), *route.passed, (*route.end, 0.0)])]
        crossed = sum(
            upper[1] == other_upper[1] and (upper[0] - other_upper[0]) * (lower[0] - other_lower[0]) < 0
            for (upper, lower), (other_upper, other_lower) in combinations(sorted(set(steps)), 2)
        )
        assert crossed <= len(routes) / 2


class TestDrawing:
    def test_every_provider_and_edge_is_drawn(self, graph: Graph) -> None:
        """The document is XML, and names its providers for scripts and tooltips."""
        root = ET.fromstring(draw_svg(graph))  # noqa: S314 - our own document
        assert [node.name for node in graph.nodes] == [
            each.get("data-name") for each in root.iter() if each.get("data-name")
        ]
        lines = [
            (each.get("data-from"), each.get("data-to")) for each in root.iter(f"{SVG}path") if each.get("data-to")
        ]
        assert [(edge.source, edge.target) for edge in graph.edges] == lines

    def test_picture_needs_nothing_else(self, graph: Graph) -> None:
        """Nothing is fetched, and no program runs."""
        text = draw_svg(graph).replace("http://www.w3.org/2000/svg", "")
        assert None is re.search(r"https?:|@import|<script|href=|url\((?!#)", text)

    def test_screen_reader_can_read_it(self) -> None:
        """The picture has a title, and a description that names every provider with its lifetime."""
        root = ET.fromstring(draw_svg(read_graph(Outer())))  # noqa: S314 - our own document
        texts = {each.get("id"): each.text for each in root if each.get("id")}
        assert root.get("aria-labelledby") == " ".join(map(str, texts))
        assert "The wiring of Outer" == texts["wiring-title"]
        assert "scope, one per request, job or test: inner.session;" in str(texts["wiring-description"])

    def test_colours_follow_the_reader(self) -> None:
        """The picture has colours for light and dark pages."""
        assert 1 == draw_svg(read_graph(Outer())).count("@media (prefers-color-scheme: dark)")

    def test_same_wiring_gives_the_same_picture(self, graph: Graph) -> None:
        """A picture in a repository changes only with the wiring."""
        assert draw_svg(graph) == draw_svg(Graph(graph.container, graph.nodes, graph.edges))

    def test_override_is_marked(self) -> None:
        """Its box is dashed, and names the override."""
        container: Any = Outer()
        container.service.override(Fake())
        text = draw_svg(read_graph(container))
        assert 1 == text.count('<g class="w-process w-overridden" data-name="service">')
        assert ">overridden: Fake<" in text

    def test_empty_container_is_a_picture(self) -> None:
        """A container without providers is not an error."""
        text = draw_svg(Graph("Nothing", (), ()))
        assert ("svg", True) == (ET.fromstring(text).tag.removeprefix(SVG), "no providers" in text)  # noqa: S314
