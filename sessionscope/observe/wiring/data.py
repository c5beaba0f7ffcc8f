"""Writes the wiring as JSON, for other programs."""

import json
from dataclasses import asdict
from typing import Any

from sessionscope.observe.wiring.graph import Edge, Graph, Node


def draw_json(graph: Graph) -> str:
    """Return `as_data` as text."""
    return json.dumps(as_data(graph), indent=2) + "\n"


def as_data(graph: Graph) -> dict[str, Any]:
    """Return the wiring as dictionaries and lists. Later versions may add keys.

    Returns:
        ``container``, the name of the class; ``nodes``, each with ``name``, ``lifetime``, ``kind``, ``makes``,
        ``container`` and ``overridden_by``; and ``edges``, each with ``from``, ``to``, ``how`` and ``part``: something
        of the provider ``from`` goes into the provider ``to``.
    """
    return {
        "container": graph.container,
        "nodes": [_node(node) for node in graph.nodes],
        "edges": [_edge(edge) for edge in graph.edges],
    }


def _node(node: Node) -> dict[str, Any]:
    return asdict(node) | {"lifetime": node.lifetime.value}


def _edge(edge: Edge) -> dict[str, str]:
    return {"from": edge.source, "to": edge.target, "how": edge.how.value, "part": edge.part}
