"""A database whose driver is not installed."""

import sys
from collections.abc import Callable

import pytest
from typer.testing import Result


class TestMissingDriver:
    @pytest.mark.parametrize("arguments", [["config", "check"], ["serve"], ["db", "init"]], ids=" ".join)
    def test_it_is_a_line_with_the_extra(
        self, invoke: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
    ) -> None:
        """The extra to install is named once, and nothing is served."""
        monkeypatch.setitem(sys.modules, "psycopg", None)
        monkeypatch.setenv("APP_DATABASE__URL", "postgresql://user:s3cr3t@127.0.0.1:1/name")
        command = invoke(*arguments)
        assert (1, "") == (command.exit_code, command.stdout)
        [line] = command.stderr.splitlines()
        assert line.endswith("install the [postgresql] extra")
