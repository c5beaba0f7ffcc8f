"""Reads the wiring of a container from its providers. Nothing is resolved: no settings are read, nothing is opened."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any, Final

from dependency_injector import providers

from sessionscope.lifetimes.names import named_providers
from sessionscope.lifetimes.paths import Reference
from sessionscope.observe.wiring.describing import made_by, makes_something, override_of, unwrapped
from sessionscope.observe.wiring.graph import Edge, Graph, How, Node
from sessionscope.observe.wiring.injections import Injection, injections_of, part_of
from sessionscope.observe.wiring.lifetime import lifetime_of

# Nested containers, whose providers have names of their own, and the container itself.
_GROUPS: Final = (providers.Container, providers.DependenciesContainer, providers.Self)


def read_graph(container: Any) -> Graph:
    """Return the wiring of *container*, an instance of a declarative container."""
    declared = container.declarative_parent or type(container)
    return _Reader(container).read(declared.__name__)


class _Reader:
    def __init__(self, container: Any) -> None:
        self._names: dict[Any, str] = {}
        self._configurations: dict[Any, Any] = {}
        for name, provider in _named(container):
            self._names.setdefault(provider, name)
            if isinstance(provider, providers.Configuration):
                self._configurations |= dict.fromkeys(provider.traverse(), provider)

    def read(self, container: str) -> Graph:
        nodes: dict[Any, Node] = {}
        edges: dict[Edge, None] = {}
        # Reading the edges gives names to the providers that are written inside others.
        while waiting := [provider for provider in self._names if provider not in nodes]:
            for provider in waiting:
                nodes[provider] = self._node(provider)
                edges |= dict.fromkeys(self._edges(provider))
        return Graph(container, tuple(nodes.values()), tuple(edges))

    def _node(self, provider: Any) -> Node:
        name = self._names[provider]
        override = override_of(provider)
        return Node(
            name=name,
            lifetime=lifetime_of(provider),
            kind=type(provider).__name__,
            makes=made_by(provider),
            container=name.rpartition(".")[0],
            overridden_by=self._described(override) if override is not None else None,
        )

    def _described(self, override: Any) -> str:
        reference = Reference.to(override)
        name = self._names.get(reference.root)
        return name + part_of(reference) if name else made_by(reference.root) or type(reference.root).__name__

    def _edges(self, provider: Any) -> Iterator[Edge]:
        target = self._names[provider]
        found: Iterator[Injection]
        if override_of(provider) is not None:
            found = self._overriding(injections_of(provider))
        elif isinstance(provider, providers.ConfigurationOption):
            found = iter([self._of_configuration(provider)])
        else:
            found = self._followed(injections_of(provider), {provider})
        for injection in found:
            source = self._names[injection.provider]
            if source != target:
                yield Edge(source=source, target=target, how=injection.how, part=injection.part)

    def _overriding(self, injections: Iterable[Injection]) -> Iterator[Injection]:
        """Yield the override itself if it is in the container, and what it takes if it is not."""
        for given in injections:
            override = unwrapped(given.provider)
            if override in self._names:
                yield Injection(override, How.OVERRIDE if given.how is How.OBJECT else given.how, given.part)
            else:
                yield from self._followed(injections_of(override), {override})

    def _followed(self, injections: Iterable[Injection], passed: set[Any]) -> Iterator[Injection]:
        """Yield the nodes that *injections* lead to, through whatever is none itself."""
        for given in injections:
            provider = given.provider
            if provider in self._names:
                yield given
            elif provider in self._configurations:
                yield self._of_configuration(provider)
            elif provider in passed or isinstance(provider, _GROUPS):
                continue
            elif makes_something(provider) and not provider.overridden:
                self._names[provider] = self._new_name(provider)
                yield given
            else:
                inner = self._followed(injections_of(provider), passed | {provider})
                yield from (_through(given, each) for each in inner)

    def _of_configuration(self, option: Any) -> Injection:
        """Return *option* as a part of its configuration."""
        part = option.get_name().partition(".")[2]
        return Injection(self._configurations[option], How.PART, f".{part}")

    def _new_name(self, provider: Any) -> str:
        """Return a name for a provider that has none, from what it makes: ``(UserReader)``."""
        made = made_by(provider) or type(provider).__name__
        names = (f"({made})" if number == 1 else f"({made} {number})" for number in count(1))
        return next(name for name in names if name not in self._names.values())


def _named(container: Any) -> Iterator[tuple[str, Any]]:
    for name, provider in named_providers(container):
        if isinstance(provider, providers.DependenciesContainer):
            yield from ((f"{name}.{child}", each) for child, each in provider.providers.items())
        elif not isinstance(provider, _GROUPS):
            yield name, provider


def _through(outer: Injection, inner: Injection) -> Injection:
    """Return *inner* as it is taken through *outer*, of which it is one of several."""
    how = inner.how if outer.how is How.OBJECT else outer.how
    return Injection(inner.provider, how, inner.part + outer.part)
