"""Writes the wiring in the language of Graphviz."""

from collections.abc import Iterator
from typing import Final

from sessionscope.observe.wiring.graph import EXPLAINED, Edge, Graph, How, Lifetime, Node

_COLOURS: Final = {
    Lifetime.PROCESS: ("#f0f6fd", "#2563a8"),
    Lifetime.THREAD: ("#f6f1fc", "#7342ac"),
    Lifetime.CONTEXT: ("#fcf1f7", "#a83472"),
    Lifetime.SCOPE: ("#eff9f3", "#17764b"),
    Lifetime.CALL: ("#fef7ec", "#935c0b"),
}


def draw_dot(graph: Graph) -> str:
    """Return a directed graph with a cluster for each lifetime."""
    lines = [
        f"digraph {_quoted(graph.container)} {{",
        '  graph [fontname="Helvetica", rankdir=TB, compound=true]',
        '  node [fontname="Helvetica", fontsize=11, shape=box, style="rounded,filled", fillcolor="white"]',
        "  edge [arrowsize=0.7]",
    ]
    for lifetime in graph.lifetimes():
        lines += _cluster(graph, lifetime)
    lines += [_edge(graph, edge) for edge in graph.edges]
    return "\n".join([*lines, "}", ""])


def _cluster(graph: Graph, lifetime: Lifetime) -> Iterator[str]:
    fill, border = _COLOURS[lifetime]
    yield f"  subgraph cluster_{lifetime} {{"
    yield f'    label={_quoted(f"{lifetime}: {EXPLAINED[lifetime]}")}; style="rounded,filled"'
    yield f'    fillcolor="{fill}"; color="{border}"; node [color="{border}"]'
    yield from (_node(node) for node in graph.nodes if node.lifetime is lifetime)
    yield "  }"


def _node(node: Node) -> str:
    if node.overridden_by is not None:
        label = _quoted(node.name, f"overridden: {node.overridden_by}")
        return f'    {_quoted(node.name)} [label={label}, style="rounded,filled,dashed"]'
    return f"    {_quoted(node.name)} [label={_quoted(node.name, node.makes or node.kind)}]"


def _edge(graph: Graph, edge: Edge) -> str:
    style = ", style=dashed" if edge.how is How.PROVIDER else ""
    colour = _COLOURS[graph.by_name[edge.source].lifetime][1]
    return f'  {_quoted(edge.source)} -> {_quoted(edge.target)} [color="{colour}"{style}]'


def _quoted(*lines: str) -> str:
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'
