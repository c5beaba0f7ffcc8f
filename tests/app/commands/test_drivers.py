"""A database whose driver is not installed."""

import sys
from collections.abc import Callable

import pytest
from typer.testing import Result


class TestMissingDriver:
    @pytest.mark.parametrize("arguments", [["config", "check"], ["serve"], ["db", "init"]], ids=" ".join)
    def test_a_missing_driver_is_a_line_with_the_command_to_run(
        self, invoke: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
    ) -> None:
        """One line names the command that installs the driver, and nothing is served."""
        monkeypatch.setitem(sys.modules, "psycopg", None)
        monkeypatch.setenv("APP_DATABASE__URL", "postgresql://user:s3cr3t@127.0.0.1:1/name")
        command = invoke(*arguments)
        assert (1, "") == (command.exit_code, command.stdout)
        [line] = command.stderr.splitlines()
        assert line.endswith("run `make servers`, which installs requirements/servers.txt")
