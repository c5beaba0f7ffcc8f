"""`config`, `--config` and `--help`."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from tests.app.commands.commands import PASSWORD, ROOT, run, told

Invoke = Callable[..., Result]


class TestCheck:
    def test_good_settings_are_good(self, url: str) -> None:
        """The command reports a good configuration, and exits with 0."""
        command = run("config", "check", url=url)
        assert (0, 0) == told(command)
        assert "The configuration is good.\n" == command.stdout

    def test_bad_settings_are_lines(self) -> None:
        """Each problem is one line on standard error, without a traceback or a password. The exit code is 2."""
        command = run("config", "check", url=f"oracle://user:{PASSWORD}@host/name", APP_SERVER__PORT="x")
        assert (2, 2) == told(command)
        assert ["APP_DATABASE__URL: database.url", "APP_SERVER__PORT: server.port"] == [
            ": ".join(line.split(": ")[:2]) for line in command.stderr.splitlines()
        ]

    @pytest.mark.parametrize("command", [("config", "check"), ("serve",)], ids=" ".join)
    def test_format_without_its_package_is_a_line(
        self, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
    ) -> None:
        """The line names the extra, and the server says the same when it starts."""
        monkeypatch.setenv("APP_LOGGING__FORMAT", "json")
        monkeypatch.setitem(sys.modules, "pythonjsonlogger", None)
        ended = invoke(*command)
        line = "logging.format: json needs the package python-json-logger, which is not installed"
        assert (2, f"{line} (install sessionscope[logs])\n") == (ended.exit_code, ended.stderr)


class TestShow:
    def test_secrets_are_masked(self, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every setting is shown with its origin, but never the password."""
        monkeypatch.setenv("APP_DATABASE__URL", f"postgresql://u:{PASSWORD}@h/n")
        shown = invoke("config", "show")
        assert (0, False) == (shown.exit_code, PASSWORD in shown.output)
        assert "postgresql://u:***@h/n" in shown.output
        rows = [line.split("│")[1:-1] for line in shown.output.splitlines() if "│" in line]
        cells = {row[0].strip(): (row[1].strip(), row[2].strip()) for row in rows}
        assert ("8000", "default") == cells["server.port"]
        assert "APP_DATABASE__URL" == cells["database.url"][1]


class TestFile:
    def test_another_file_is_read(self, invoke: Invoke, tmp_path: Path) -> None:
        """`--config FILE` replaces config/config.json."""
        file = tmp_path / "mine.json"
        file.write_text(json.dumps({"server": {"port": 4321}}))
        shown = invoke("--config", str(file), "config", "show")
        assert (0, True) == (shown.exit_code, "4321" in shown.output)

    def test_a_missing_file_is_told(self, invoke: Invoke, tmp_path: Path) -> None:
        """A missing file is an error in the configuration."""
        command = invoke("--config", str(tmp_path / "no.json"), "config", "check")
        assert (2, True) == (command.exit_code, "no.json: can't be read" in command.stderr)


class TestUrlArguments:
    @pytest.mark.parametrize("name", ["URL", "REPLICA_URLS"])
    def test_one_that_the_driver_does_not_know_is_found(
        self, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        """A misspelt argument is reported before the start, with the closest known name."""
        url = "postgresql://user:s3cr3t@127.0.0.1:1/name?sslmod=require"
        monkeypatch.setenv("APP_DATABASE__URL", "postgresql://127.0.0.1:1/name")
        monkeypatch.setenv(f"APP_DATABASE__{name}", url if name == "URL" else f'["{url}"]')
        command = invoke("config", "check")
        assert (2, "") == (command.exit_code, command.stdout)
        assert "'sslmod' (did you mean sslmode?)" in command.stderr
        assert "s3cr3t" not in command.stderr


class TestHelp:
    @pytest.mark.parametrize(
        "command",
        [
            "",
            "serve",
            "config",
            "config show",
            "config check",
            "wiring",
            "db",
            *(
                f"db {name}"
                for name in ("upgrade", "downgrade", "current", "revision", "check", "init", "drop", "seed")
            ),
        ],
    )
    def test_every_command_has_help(self, invoke: Invoke, command: str) -> None:
        """Each command shows its usage and what it does."""
        shown = invoke(*command.split(), "--help")
        assert 0 == shown.exit_code
        assert f"Usage: {' '.join(['python -m app', *command.split()])}" in shown.output

    def test_help_loads_nothing_slow(self) -> None:
        """Help imports nothing slow: neither the framework, nor the server, nor the database library."""
        code = """
            import runpy, sys
            sys.argv = ["app", "--help"]
            try:
                runpy.run_module("app", run_name="__main__")
            finally:
                loaded = {"fastapi", "uvicorn", "sqlalchemy", "alembic", "pydantic"} & set(sys.modules)
                sys.stderr.write(repr(sorted(loaded)))
        """
        lines = [line[12:] for line in code.splitlines()]
        shown = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
        )
        assert ("[]", True) == (shown.stderr, "Usage: python -m app" in shown.stdout)
