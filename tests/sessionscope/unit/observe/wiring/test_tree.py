"""The wiring as a tree."""

from sessionscope.observe.wiring import read_graph
from sessionscope.observe.wiring.tree import draw_tree
from tests.sessionscope.service.containers import ApplicationContainer, DatabaseContainer
from tests.sessionscope.unit.observe.wiring.probes import Fake, Outer, cycle


class TestTree:
    def test_what_a_provider_takes_is_below_it(self) -> None:
        """The tree begins with what nothing else takes, and each line has the lifetime and what is made."""
        assert [
            "service                     call     Engine",
            "├─ inner.session.provider   scope    open_session",
            "│  └─ inner.engine          process  Engine",
            "│     └─ inner.settings     process  Engine",
            "│        └─ settings.inner  process  Fake",
            "└─ ↑ settings['inner'].seconds",
            "",
            "5 providers: 3 process, 1 scope, 1 call",
            "process: one for the whole service; scope: one per request, job or test; call: a new one each time",
            "↑: shown above, with what it takes",
        ] == draw_tree(read_graph(Outer())).splitlines()

    def test_each_provider_has_one_line(self) -> None:
        """What several providers take is shown once, however large the container."""
        graph = read_graph(ApplicationContainer())
        lines = draw_tree(graph).partition("\n\n")[0].splitlines()
        assert len(graph.nodes) == sum("↑" not in line for line in lines)
        assert [] == [line for line in lines if len(line) > 100]

    def test_override_is_marked(self) -> None:
        """The line says what the provider is overridden with."""
        container = Outer()
        container.service.override(Fake())
        assert (
            "service                  process  Engine  overridden: Fake"
            in draw_tree(read_graph(container)).splitlines()
        )

    def test_cycle_ends(self) -> None:
        """Providers that take each other are shown, though nothing stands above them."""
        assert ["first      call     Engine", "└─ second  call     Engine", "   └─ ↑ first"] == draw_tree(
            read_graph(cycle())
        ).splitlines()[:3]

    def test_outermost_container_comes_first(self) -> None:
        """A reader looks for the services, and not for the sync twins of the transactions."""
        names = [line.split()[0] for line in draw_tree(read_graph(ApplicationContainer())).splitlines() if line]
        roots = [name for name in names if name[0] not in "├│└↑"]
        assert not roots[0].startswith("database.")
        assert draw_tree(read_graph(DatabaseContainer())).startswith("transactions ")
