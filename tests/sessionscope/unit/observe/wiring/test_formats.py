"""The wiring as text for other programs: Mermaid, Graphviz, JSON."""

import json
import re
from typing import Any, Final

import pytest

from sessionscope.observe.wiring import Graph, read_graph
from sessionscope.observe.wiring.data import as_data, draw_json
from sessionscope.observe.wiring.dot import draw_dot
from sessionscope.observe.wiring.mermaid import draw_mermaid
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.unit.observe.wiring.probes import Fake, Kinds, Outer, cycle

MAKERS: Final = [Outer, Kinds, ApplicationContainer, cycle]


@pytest.fixture(name="graph", params=MAKERS, ids=["outer", "kinds", "service", "cycle"])
def _graph(request: pytest.FixtureRequest) -> Graph:
    """Give the wiring of containers small and large."""
    return read_graph(request.param())


def overridden() -> Graph:
    """Return a wiring with an override."""
    container: Any = Outer()
    container.service.override(Fake())
    return read_graph(container)


class TestMermaid:
    def test_every_line_is_of_the_language(self, graph: Graph) -> None:
        """A line is a box, an arrow, a group or a class; a sign of the language in a name is an entity."""
        allowed = re.compile(
            r'flowchart TB|subgraph lane_\w+\["[\w:, ]+"\]|p\d+\["[^"<>]+<br/>[^"<>]+"\]|end|p\d+ (-->|-\.->) p\d+'
            r"|classDef \w+ [\w:#,. -]+|class p\d+(,p\d+)* \w+"
        )
        assert [] == [line for line in draw_mermaid(graph).splitlines() if not allowed.fullmatch(line.strip())]

    def test_every_provider_and_edge_is_drawn(self, graph: Graph) -> None:
        """Each provider is in the group of its lifetime, and each edge is an arrow."""
        text = draw_mermaid(graph)
        assert len(graph.nodes) == len(re.findall(r"^    p\d+\[", text, re.MULTILINE))
        assert len(graph.edges) == len(re.findall(r"^  p\d+ -", text, re.MULTILINE))
        assert [str(each) for each in graph.lifetimes()] == re.findall(r"subgraph lane_(\w+)", text)

    def test_names_are_never_ids(self) -> None:
        """A provider may be called "end" or "call", which are words of the language."""
        assert 'p5["service<br/>Engine"]' in draw_mermaid(read_graph(Outer()))

    def test_override_is_marked(self) -> None:
        """It has a class of its own, and names the override."""
        text = draw_mermaid(overridden())
        assert 'p5["service<br/>overridden: Fake"]' in text
        assert "  class p5 overridden\n" in text


class TestDot:
    def test_every_provider_and_edge_is_drawn(self, graph: Graph) -> None:
        """Names are quoted strings, and each lifetime is a cluster."""
        text = draw_dot(graph)
        string = r'"((?:[^"\\]|\\.)*)"'
        assert [
            node.name for node in sorted(graph.nodes, key=lambda node: list(graph.lifetimes()).index(node.lifetime))
        ] == [name.replace('\\"', '"') for name in re.findall(rf"^    {string} \[label", text, re.MULTILINE)]
        assert [(edge.source, edge.target) for edge in graph.edges] == re.findall(
            rf"^  {string} -> {string} \[", text, re.MULTILINE
        )
        assert [str(each) for each in graph.lifetimes()] == re.findall(r"subgraph cluster_(\w+) \{", text)

    def test_braces_and_quotes_are_closed(self, graph: Graph) -> None:
        """Graphviz can parse the document."""
        outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", draw_dot(graph))
        assert ('"' in outside, outside.count("{"), outside.count("[")) == (
            False,
            outside.count("}"),
            outside.count("]"),
        )

    def test_override_is_marked(self) -> None:
        """Its box is dashed, and names the override."""
        assert '"service" [label="service\\noverridden: Fake", style="rounded,filled,dashed"]' in draw_dot(overridden())


class TestJson:
    def test_text_is_the_data(self, graph: Graph) -> None:
        """The text holds plain data: what goes in comes out."""
        assert as_data(graph) == json.loads(draw_json(graph))

    def test_shape_is_stable(self) -> None:
        """Other programs rely on the keys."""
        data = as_data(overridden())
        assert "Outer" == data["container"]
        assert {
            "name": "service",
            "lifetime": "process",
            "kind": "Factory",
            "makes": "Engine",
            "container": "",
            "overridden_by": "Fake",
        } == data["nodes"][-1]
        assert {"from": "settings", "to": "inner.settings", "how": "part", "part": ".inner"} == data["edges"][0]
