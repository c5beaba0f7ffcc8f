"""Fixtures for the tests of the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.commands import cli


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> str:
    """Give the URL of a database that doesn't exist yet."""
    return f"sqlite:///{tmp_path}/app.db"


@pytest.fixture(name="invoke")
def _invoke(url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Give a function that runs a command in this process, on the test's database, without a terminal."""
    monkeypatch.setenv("APP_DATABASE__URL", url)
    monkeypatch.setenv("COLUMNS", "120")
    # ``--config`` sets this variable, and monkeypatch resets it.
    monkeypatch.setenv("APP_CONFIG_FILE", "")
    return lambda *arguments: CliRunner().invoke(cli, arguments, prog_name="python -m app")
