"""`wiring` of the service, and what the documentation shows of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from tests.app.commands.commands import ROOT, run, told

pytestmark = pytest.mark.isolation("none")


Invoke = Callable[..., Result]


class TestWiring:
    def test_tree_is_that_of_the_documentation(self) -> None:
        """The command needs neither good settings nor a database, and prints what docs/wiring.md shows."""
        command = run("wiring", url="nonsense")
        assert (0, 0) == told(command)
        assert f"```console\n$ python -m app wiring\n{command.stdout}```\n" in page()

    def test_chart_is_that_of_the_documentation(self, invoke: Invoke) -> None:
        """The chart in docs/wiring.md is of the container in this repository."""
        command = invoke("wiring", "--container", "containers:DatabaseContainer", "--format", "mermaid")
        assert 0 == command.exit_code
        assert f"```mermaid\n{command.stdout}```\n" in page()

    def test_misspelt_container_is_one_line(self, invoke: Invoke) -> None:
        """The line has the nearest right name, as the documentation shows."""
        command = invoke("wiring", "--container", "containers:ApplicationContainr")
        assert (2, 1) == (command.exit_code, len(command.stderr.splitlines()))
        assert command.stderr in page()


def page() -> str:
    """Return the page of the documentation."""
    return Path(ROOT, "docs", "wiring.md").read_text(encoding="utf-8")
