"""What the wiring says about each kind of provider."""

from collections.abc import Callable
from typing import Any

import pytest
from dependency_injector import providers

from sessionscope import Shared
from sessionscope.observe.wiring import read_graph
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.unit.observe.wiring.probes import (
    Captive,
    Fake,
    Inner,
    Kinds,
    Outer,
    Replacing,
    cycle,
    node,
    overrides,
    taken,
)


class TestNodes:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("config", ("process", "Configuration", "")),
            ("given.clock", ("process", "Dependency", "")),
            ("value", ("process", "Object", "str")),
            ("kind", ("process", "Object", "Engine")),
            ("url", ("process", "ConfigurationOption", "")),
            ("singleton", ("process", "Singleton", "Engine")),
            ("resource", ("process", "Resource", "Engine")),
            ("per_context", ("context", "ContextLocalResource", "Engine")),
            ("per_thread", ("thread", "ThreadLocalSingleton", "Engine")),
            ("delegated", ("call", "DelegatedFactory", "Engine")),
            ("called", ("call", "Callable", "open_session")),
            ("selected", ("call", "Selector", "")),
            ("part", ("call", "MethodCaller", "")),
            ("later", ("process", "Delegate", "")),
            ("(Fake)", ("call", "Factory", "Fake")),
            ("(Fake 2)", ("process", "Singleton", "Fake")),
        ],
    )
    def test_each_kind_has_its_lifetime(self, name: str, expected: tuple[str, str, str]) -> None:
        """A provider is shown with how long its objects live, its class, and what it makes."""
        found = node(Kinds(), name)
        assert expected == (found.lifetime.value, found.kind, found.makes)

    def test_providers_of_a_nested_container_name_it(self) -> None:
        """Their names are those by which you reach them."""
        container = Outer()
        assert ["settings", "inner.settings", "inner.engine", "inner.session", "service"] == [
            each.name for each in read_graph(container).nodes
        ]
        session = node(container, "inner.session")
        assert ("inner", "session", "scope", "open_session") == (
            session.container,
            session.short_name,
            session.lifetime.value,
            session.makes,
        )

    def test_containers_are_no_nodes(self) -> None:
        """A container makes nothing: its providers are shown instead."""
        assert {"inner", "given", "myself"}.isdisjoint(read_graph(Kinds()).by_name)
        assert "inner" not in read_graph(Outer()).by_name

    def test_nothing_is_resolved(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The wiring is read without reading settings or making an object."""
        monkeypatch.setenv("APP_DATABASE__URL", "nonsense")
        container = ApplicationContainer()
        read_graph(container)
        assert [] == [each for each in container.traverse(types=[Shared]) if each.built is not None]

    def test_values_are_not_shown(self) -> None:
        """A value may be a secret, so only its class is in the wiring."""
        assert "s3cr3t" not in repr(read_graph(Kinds()))


class TestEdges:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("url", [("config", "part", ".database.url")]),
            ("singleton", [("url", "object", "")]),
            ("resource", [("given.clock", "object", "")]),
            ("called", [("delegated", "provider", "")]),
            ("selected", [("config", "part", ".kind"), ("singleton", "object", ""), ("(Fake)", "object", "")]),
            ("listed", [("singleton", "object", ""), ("value", "object", "")]),
            ("by_key", [("singleton", "object", "")]),
            ("several", [("resource", "object", ""), ("(Fake 2)", "object", "")]),
            ("(Fake 2)", [("kind", "object", "")]),
            ("part", [("singleton", "part", ".pool['size'].get()"), ("value", "object", "")]),
            ("later", [("several", "provider", "")]),
            ("attributed", [("resource", "object", "")]),
        ],
    )
    def test_each_kind_takes_what_is_written(self, name: str, expected: list[tuple[str, str, str]]) -> None:
        """Attributes, items, calls, options, collections and providers inside others lead to what they begin with."""
        assert expected == taken(Kinds(), name)

    def test_nested_container_takes_from_the_outer_one(self) -> None:
        """What it is given is the ordinary wiring, and not an override."""
        assert [("settings", "part", ".inner")] == taken(Outer(), "inner.settings")
        assert {} == overrides(read_graph(Outer()))

    def test_provider_is_taken_to_be_called_later(self) -> None:
        """A delegate is told from the object, and a keyword argument is taken as any other."""
        assert [("inner.session", "provider", ""), ("settings", "part", "['inner'].seconds")] == taken(
            Outer(), "service"
        )

    @pytest.mark.parametrize("make", [cycle, Captive], ids=["cycle", "captive"])
    def test_faulty_wiring_can_be_read(self, make: Callable[[], Any]) -> None:
        """A picture helps most where something is wrong."""
        graph = read_graph(make())
        assert 2 == len(graph.nodes)
        assert {edge.target for edge in graph.edges} <= set(graph.by_name)


class TestOverrides:
    def test_value_is_named_by_its_class(self) -> None:
        """The override decides the lifetime, and what is taken."""
        container = Outer()
        container.service.override(providers.Object(Fake()))
        service = node(container, "service")
        assert ("Engine", "Fake", "process") == (service.makes, service.overridden_by, service.lifetime.value)
        assert [] == taken(container, "service")

    def test_shared_override_lives_as_long_as_the_process(self) -> None:
        """`Shared` gives its own lifetime to a factory, whose dependencies are shown."""
        container: Any = Outer()
        container.inner.engine.override(providers.Factory(Fake, container.settings))
        engine = node(container, "inner.engine")
        assert ("Fake", "process") == (engine.overridden_by, engine.lifetime.value)
        assert [("settings", "object", "")] == taken(container, "inner.engine")

    def test_other_provider_is_named(self) -> None:
        """An override that is in the container too is an edge of its own kind."""
        container: Any = Kinds()
        container.attributed.override(container.delegated)
        container.listed.override(container.singleton)
        assert {"attributed": "delegated", "listed": "singleton"} == overrides(read_graph(container))
        assert [("singleton", "override", "")] == taken(container, "listed")

    def test_late_value_of_a_setting_is_an_override(self) -> None:
        """What a setting was given first is not an override, and what replaces it is one."""
        given = Inner(settings=Fake())
        assert {} == overrides(read_graph(given))
        container: Any = Outer()
        container.inner.settings.override(Fake())
        assert {"inner.settings": "Fake"} == overrides(read_graph(container))

    def test_override_with_another_container_is_marked(self) -> None:
        """Providers of the other container replace those of the same name."""
        container: Any = Outer()
        container.override(Replacing())
        assert {"service": "Fake"} == overrides(read_graph(container))

    def test_end_of_an_override_is_seen(self) -> None:
        """The picture shows the container as it is now."""
        container = Outer()
        with container.service.override(providers.Factory(Fake)):
            assert {"service": "Fake"} == overrides(read_graph(container))
        assert {} == overrides(read_graph(container))


class TestService:
    def test_whole_chain_is_there(self) -> None:
        """From the settings to the transactions, as the table of a service's database says."""
        container = ApplicationContainer()
        assert [("settings", "part", ".database")] == taken(container, "database.settings")
        assert {"database.settings", "database.location"} == {name for name, *_ in taken(container, "database.engine")}
        assert [("database.session_factory", "object", ""), ("database.writes", "object", "")] == taken(
            container, "database.session"
        )
        assert ("database.session", "provider", "") in taken(container, "database.transactions")
        assert ("Engine", "scope", "call") == (
            node(container, "database.engine").makes,
            node(container, "database.session").lifetime.value,
            node(container, "database.transactions").lifetime.value,
        )

    def test_summary_counts_lifetimes(self) -> None:
        """The first thing that a reader sees is how many providers there are of each lifetime."""
        container = Outer()
        assert "5 providers: 3 process, 1 scope, 1 call" == read_graph(container).summary()
        container.service.override(Fake())
        assert "5 providers: 4 process, 1 scope; 1 overridden" == read_graph(container).summary()
