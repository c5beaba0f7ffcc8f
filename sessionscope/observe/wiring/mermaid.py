"""Writes the wiring as a Mermaid flowchart, which GitHub and Material for MkDocs draw."""

from collections.abc import Iterator
from typing import Final

from sessionscope.observe.wiring.graph import EXPLAINED, Edge, Graph, How, Lifetime, Node

# A fill, a border and a text that are legible on light and dark pages.
_COLOURS: Final = {
    Lifetime.PROCESS: ("#dbeafe", "#2563a8"),
    Lifetime.THREAD: ("#ede2fb", "#7342ac"),
    Lifetime.CONTEXT: ("#fbdcec", "#a83472"),
    Lifetime.SCOPE: ("#d5f2e0", "#17764b"),
    Lifetime.CALL: ("#fdeccb", "#935c0b"),
}


def draw_mermaid(graph: Graph) -> str:
    """Return a flowchart with a box around the providers of each lifetime."""
    # The names of providers may be words of the language, such as "end" or "call".
    ids = {node.name: f"p{number}" for number, node in enumerate(graph.nodes, 1)}
    lines = ["flowchart TB"]
    for lifetime in graph.lifetimes():
        lines += _group(graph, lifetime, ids)
    lines += [f"  {ids[edge.source]} {_arrow(edge)} {ids[edge.target]}" for edge in graph.edges]
    return "\n".join([*lines, *_classes(graph, ids), ""])


def _group(graph: Graph, lifetime: Lifetime, ids: dict[str, str]) -> Iterator[str]:
    yield f'  subgraph lane_{lifetime}["{lifetime}: {EXPLAINED[lifetime]}"]'
    for node in graph.nodes:
        if node.lifetime is lifetime:
            yield f'    {ids[node.name]}["{_label(node)}"]'
    yield "  end"


def _label(node: Node) -> str:
    detail = f"overridden: {node.overridden_by}" if node.overridden_by is not None else node.makes or node.kind
    return f"{_text(node.name)}<br/>{_text(detail)}"


def _text(text: str) -> str:
    """Return *text* without the signs that mean something in a label."""
    for sign, entity in (("&", "#amp;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(sign, entity)
    return text


def _arrow(edge: Edge) -> str:
    return "-.->" if edge.how is How.PROVIDER else "-->"


def _classes(graph: Graph, ids: dict[str, str]) -> Iterator[str]:
    for lifetime in graph.lifetimes():
        fill, border = _COLOURS[lifetime]
        yield f"  classDef {lifetime}Box fill:{fill},stroke:{border},color:#17202b"
        members = ",".join(ids[node.name] for node in graph.nodes if node.lifetime is lifetime)
        yield f"  class {members} {lifetime}Box"
    overridden = ",".join(ids[node.name] for node in graph.nodes if node.overridden_by is not None)
    if overridden:
        yield "  classDef overridden stroke-width:3px,stroke-dasharray:6 3"
        yield f"  class {overridden} overridden"
