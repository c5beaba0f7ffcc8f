"""The wiring picture: the providers of a container, how long their objects live, and which takes which."""

from sessionscope.observe.wiring.graph import Edge, Graph, How, Lifetime, Node
from sessionscope.observe.wiring.reading import read_graph

__all__ = ["Edge", "Graph", "How", "Lifetime", "Node", "read_graph"]
