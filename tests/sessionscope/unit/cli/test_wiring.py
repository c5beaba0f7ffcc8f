"""The command `wiring`, of a service that the library knows by names alone."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from typer.testing import CliRunner, Result

from sessionscope.cli import build_cli

HERE: Final = "tests.sessionscope.unit.observe.wiring.probes"
Invoke = Callable[..., Result]


@pytest.fixture(name="invoke")
def _invoke(monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Give a function that runs the command of a service in this process."""
    monkeypatch.setenv("COLUMNS", "40")
    cli = build_cli(
        help="Do things.",
        settings="nowhere:Settings",
        container=f"{HERE}:Outer",
        create_app="nowhere:create_app",
        app="nowhere:app",
    )
    return lambda *arguments: CliRunner().invoke(cli, ["wiring", *arguments], prog_name="service")


class TestWiring:
    def test_tree_is_the_default(self, invoke: Invoke) -> None:
        """A pipe gets plain text, whose lines are not broken."""
        shown = invoke()
        assert (0, "service                     call     Engine") == (shown.exit_code, shown.stdout.splitlines()[0])
        assert "\n\n5 providers: 3 process, 1 scope, 1 call\n" in shown.stdout
        assert "\x1b" not in shown.stdout

    @pytest.mark.parametrize(
        ("format", "beginning"),
        [("mermaid", "flowchart TB\n"), ("dot", 'digraph "Outer" {\n'), ("svg", "<svg "), ("json", "{\n")],
    )
    def test_each_format_is_the_whole_output(self, invoke: Invoke, format: str, beginning: str) -> None:  # noqa: A002
        """You can redirect the output to a file."""
        shown = invoke("--format", format)
        assert (0, beginning, "\n") == (shown.exit_code, shown.stdout[: len(beginning)], shown.stdout[-1])

    @pytest.mark.parametrize(
        ("container", "nodes"),
        [("Inner", 3), ("Outer.inner", 4), ("cycle", 2), ("Kinds", 20)],
    )
    def test_other_containers_can_be_named(self, invoke: Invoke, container: str, nodes: int) -> None:
        """A class, a nested container with what it is given, or a function that makes one."""
        shown = invoke("--format", "json", "--container", f"{HERE}:{container}")
        data: dict[str, Any] = json.loads(shown.stdout)
        assert (0, nodes) == (shown.exit_code, len(data["nodes"]))

    @pytest.mark.parametrize(
        ("container", "message"),
        [
            ("Outer", "--container is MODULE:NAME, such as containers:ApplicationContainer, and not 'Outer'"),
            ("nowhere:Outer", "nowhere can't be imported: there is no module 'nowhere'"),
            (f"{HERE}:Outre", f"{HERE}:Outre: there is no 'Outre'; did you mean 'Outer'?"),
            (f"{HERE}:Outer.iner", f"{HERE}:Outer.iner: there is no 'iner'; did you mean 'inner'?"),
            (
                f"{HERE}:Outer.service",
                f"{HERE}:Outer.service is not a container, nor what makes one: it gives a Factory",
            ),
            (f"{HERE}:build_engine", f"{HERE}:build_engine is not a container, nor what makes one: it gives a Engine"),
            (
                f"{HERE}:node",
                f"{HERE}:node can't be called without arguments: missing a required argument: 'container'",
            ),
        ],
    )
    def test_container_that_is_none_is_one_line(self, invoke: Invoke, container: str, message: str) -> None:
        """A wrong name is told with the nearest right one, and the exit code is 2."""
        shown = invoke("--container", container)
        assert (2, "", f"{message}\n") == (shown.exit_code, shown.stdout, shown.stderr)
