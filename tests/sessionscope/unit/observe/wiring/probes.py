"""Containers of every kind of provider, and functions that look at their wiring."""

from typing import Any

from dependency_injector import containers, providers

from sessionscope import ScopedResource, Setting, Shared, nested
from sessionscope.observe.wiring import Edge, Graph, Node, read_graph


class Engine:
    def __init__(self, *_: Any, **__: Any) -> None: ...


class Fake(Engine): ...


def build_engine(*_: Any) -> Engine:
    """Make an engine."""
    return Engine()


def open_session(*_: Any):  # type: ignore[no-untyped-def] # noqa: ANN201 - a recipe that doesn't say what it makes
    """Make a session."""
    return Engine()


class Inner(containers.DeclarativeContainer):
    settings = Setting[Engine](instance_of=Engine)
    engine = Shared(build_engine, settings)
    session = ScopedResource(open_session, engine)


class Outer(containers.DeclarativeContainer):
    settings = Shared(Fake)
    inner = nested(Inner, settings=settings.provided.inner)
    service = providers.Factory(Engine, inner.session.provider, seconds=settings.provided["inner"].seconds)


class Replacing(containers.DeclarativeContainer):
    service = providers.Factory(Fake)


class Kinds(containers.DeclarativeContainer):
    config = providers.Configuration()
    given: Any = providers.DependenciesContainer()
    myself: Any = providers.Self()
    value = providers.Object("s3cr3t")
    kind = providers.Object(Engine)
    url = config.database.url
    singleton = providers.Singleton(Engine, url)
    resource = providers.Resource(Engine, given.clock)
    per_context = providers.ContextLocalResource(Engine)
    per_thread = providers.ThreadLocalSingleton(Engine)
    delegated = providers.DelegatedFactory(Engine)
    called = providers.Callable(open_session, delegated)
    selected = providers.Selector(config.kind, a=singleton, b=providers.Factory(Fake))
    listed = providers.List(singleton, value)
    by_key = providers.Dict({"one": singleton})
    several = providers.Factory(Engine, providers.List(resource, providers.Singleton(Fake, kind)), myself)
    part = singleton.provided.pool["size"].get.call(value)
    later = several.provider
    attributed = providers.Factory(Engine)
    attributed.add_attributes(part=resource)


class Cycle(containers.DeclarativeContainer):
    first = providers.Factory(Engine)
    second = providers.Factory(Engine, first)


class Captive(containers.DeclarativeContainer):
    session = ScopedResource(Engine)
    client = Shared(Engine, session)


def cycle() -> Any:
    """Return a container whose two providers take each other."""
    container: Any = Cycle()
    container.first.add_args(container.second)
    return container


def node(container: Any, name: str) -> Node:
    """Return the provider of that name in the wiring."""
    return read_graph(container).by_name[name]


def taken(container: Any, name: str) -> list[tuple[str, str, str]]:
    """Return what the provider of that name takes: the source, what of it, and which part."""
    return [told(edge) for edge in read_graph(container).into[name]]


def told(edge: Edge) -> tuple[str, str, str]:
    """Return what an edge says about its source."""
    return edge.source, edge.how.value, edge.part


def overrides(graph: Graph) -> dict[str, str]:
    """Return the overridden providers, each with what it is overridden with."""
    return {each.name: each.overridden_by for each in graph.nodes if each.overridden_by is not None}
