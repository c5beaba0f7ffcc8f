"""The wiring of a container as plain data: which providers there are, and which takes which."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class Lifetime(StrEnum):
    """How long an object lives, longest first."""

    PROCESS = "process"
    THREAD = "thread"
    CONTEXT = "context"
    SCOPE = "scope"
    CALL = "call"


EXPLAINED = {
    Lifetime.PROCESS: "one for the whole service",
    Lifetime.THREAD: "one per thread",
    Lifetime.CONTEXT: "one per context",
    Lifetime.SCOPE: "one per request, job or test",
    Lifetime.CALL: "a new one each time",
}


class How(StrEnum):
    """What of a provider another one takes: its object, a part of that object, or the provider to call later.

    An override is what a provider gives instead of an object of its own.
    """

    OBJECT = "object"
    PART = "part"
    PROVIDER = "provider"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A provider.

    Attributes:
        name: Its dotted name in the container, such as ``database.engine``. One without a name is in parentheses.
        lifetime: How long its objects live. That of an overridden provider is the lifetime of the override.
        kind: The class of the provider, such as ``Shared``.
        makes: The class of the objects, or the function that makes them if it doesn't say; may be empty.
        container: The dotted name of the nested container that it is in; empty for the outermost.
        overridden_by: What it is overridden with, or None.
    """

    name: str
    lifetime: Lifetime
    kind: str
    makes: str = ""
    container: str = ""
    overridden_by: str | None = None

    @property
    def short_name(self) -> str:
        """The name inside its own container."""
        return self.name.removeprefix(f"{self.container}.") if self.container else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Something of the provider *source* goes into the provider *target*.

    Attributes:
        source: The name of the provider that is taken.
        target: The name of the provider that takes it.
        how: What is taken.
        part: Which part, as in ``settings.provided.database``: ``.database``; empty otherwise.
    """

    source: str
    target: str
    how: How
    part: str = ""


@dataclass(frozen=True)
class Graph:
    """The providers of a container, in the order of their declaration, and their edges.

    Attributes:
        container: The name of the container's class.
        nodes: The providers.
        edges: What goes into what.
    """

    container: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """The providers by name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def into(self) -> dict[str, list[Edge]]:
        """The edges that end at each provider: what it takes."""
        return _grouped(((edge.target, edge) for edge in self.edges), self.by_name)

    @cached_property
    def out_of(self) -> dict[str, list[Edge]]:
        """The edges that begin at each provider: what takes it."""
        return _grouped(((edge.source, edge) for edge in self.edges), self.by_name)

    def lifetimes(self) -> list[Lifetime]:
        """Return the lifetimes that occur, longest first."""
        present = {node.lifetime for node in self.nodes}
        return [lifetime for lifetime in Lifetime if lifetime in present]

    def summary(self) -> str:
        """Return the number of providers of each lifetime, in a few words."""
        counts = [
            f"{sum(node.lifetime is lifetime for node in self.nodes)} {lifetime}" for lifetime in self.lifetimes()
        ]
        overridden = sum(node.overridden_by is not None for node in self.nodes)
        more = f"; {overridden} overridden" if overridden else ""
        noun = "provider" if len(self.nodes) == 1 else "providers"
        return f"{len(self.nodes)} {noun}: {', '.join(counts)}{more}" if self.nodes else "no providers"


def _grouped(edges: "Iterator[tuple[str, Edge]]", names: "dict[str, Node]") -> dict[str, list[Edge]]:
    grouped: dict[str, list[Edge]] = {name: [] for name in names}
    for name, edge in edges:
        grouped[name].append(edge)
    return grouped
