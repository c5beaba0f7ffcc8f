"""Writes the wiring as an indented tree: what a provider takes is below it."""

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Final

from sessionscope.observe.wiring.graph import EXPLAINED, Edge, Graph, How, Node

# The longest line, unless the names themselves are longer.
_WIDTH: Final = 100
_ABOVE: Final = "↑"


@dataclass(frozen=True)
class Line:
    """A line of the tree, whose parts a terminal may show in different colours.

    Attributes:
        guide: The lines of the tree before the name.
        name: The provider, or those that were shown above.
        part: What of it is taken, as it is written in the container: ``.provider`` or ``.database``.
        node: The provider; None in a line that names those above.
    """

    guide: str
    name: str
    part: str = ""
    node: Node | None = None

    @property
    def length(self) -> int:
        """The length of the line's beginning, which the columns follow."""
        return len(self.guide + self.name + self.part)

    def space(self, width: int) -> str:
        """Return what fills the line's beginning up to *width*, if columns follow."""
        return " " * (width - self.length) if self.node else ""


def tree_lines(graph: Graph) -> list[Line]:
    """Return the lines of the tree. It begins with what no other provider takes; each provider is shown once."""
    walk = _Walk(graph)
    lines: list[Line] = []
    for node in _roots(graph):
        lines += walk.below(node, None, "", "")
    # Only a cycle leaves some out.
    for node in graph.nodes:
        lines += walk.below(node, None, "", "")
    return lines


def draw_tree(graph: Graph) -> str:
    """Return the tree as text."""
    lines = tree_lines(graph)
    width = name_width(lines)
    return "\n".join([*(_text(line, width) for line in lines), "", *footer(graph, lines), ""])


def _text(line: Line, width: int) -> str:
    return f"{line.guide}{line.name}{line.part}{line.space(width)}{''.join(columns(line.node)) if line.node else ''}"


def name_width(lines: list[Line]) -> int:
    """Return the width of the column of names."""
    return max((line.length for line in lines if line.node), default=0) + 2


def columns(node: Node) -> tuple[str, str, str]:
    """Return what stands behind a name: the lifetime, what the provider makes, and what overrides it."""
    overridden = f"  overridden: {node.overridden_by}" if node.overridden_by is not None else ""
    return f"{node.lifetime:<9}", node.makes or node.kind, overridden


def footer(graph: Graph, lines: list[Line]) -> list[str]:
    """Return how many providers there are, and what the words and signs in the *lines* mean."""
    lifetimes = "; ".join(f"{lifetime}: {EXPLAINED[lifetime]}" for lifetime in graph.lifetimes())
    texts = [graph.summary(), lifetimes]
    if any(line.node is None for line in lines):
        texts.append(f"{_ABOVE}: shown above, with what it takes")
    return [text for text in texts if text]


def _roots(graph: Graph) -> list[Node]:
    """Return what no other provider takes, that of the outermost container first."""
    roots = [node for node in graph.nodes if not graph.out_of[node.name]]
    return sorted(roots, key=lambda node: node.container.count(".") + bool(node.container))


class _Walk:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._shown: set[str] = set()

    def below(self, node: Node, edge: Edge | None, first: str, rest: str) -> Iterator[Line]:
        """Yield the line of *node*, unless it was shown already, and those of what it takes.

        Args:
            node: The provider.
            edge: How the line above takes it; None for a root.
            first: The guide before the line itself.
            rest: The guide before the lines below it.
        """
        if node.name in self._shown:
            return
        self._shown.add(node.name)
        yield Line(first, node.name, _part(edge), node)
        taken = self._graph.into[node.name]
        new = [each for each in _distinct(taken) if each.source not in self._shown]
        known = [each for each in taken if each.source in self._shown]
        for number, each in enumerate(new):
            is_last = number == len(new) - 1 and not known
            # One that an earlier one takes too was shown with it.
            if each.source in self._shown:
                known.append(each)
                continue
            yield from self.below(
                self._graph.by_name[each.source],
                each,
                rest + ("└─ " if is_last else "├─ "),
                rest + ("   " if is_last else "│  "),
            )
        yield from _above(known, rest)


def _distinct(edges: list[Edge]) -> list[Edge]:
    return list({edge.source: edge for edge in reversed(edges)}.values())[::-1]


def _above(known: list[Edge], guide: str) -> Iterator[Line]:
    """Yield the lines that name what is taken too and was shown above."""
    if not known:
        return
    names = ", ".join(dict.fromkeys(edge.source + _part(edge) for edge in known))
    texts = wrap(names, max(_WIDTH - len(guide) - 5, 40), break_long_words=False, break_on_hyphens=False)
    for number, text in enumerate(texts):
        yield Line(f"{guide}└─ {_ABOVE} " if number == 0 else f"{guide}     ", text)


def _part(edge: Edge | None) -> str:
    if edge is None:
        return ""
    return ".provider" if edge.how is How.PROVIDER else edge.part
