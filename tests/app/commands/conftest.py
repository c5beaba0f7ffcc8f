"""What the command line's tests share."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.commands import cli


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> str:
    """Give the URL of a database that is not there yet."""
    return f"sqlite:///{tmp_path}/app.db"


@pytest.fixture(name="invoke")
def _invoke(url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Give a function that runs a command in this process, on the test's database, without a terminal."""
    monkeypatch.setenv("APP_DATABASE__URL", url)
    monkeypatch.setenv("COLUMNS", "120")
    # What ``--config`` sets is taken away again.
    monkeypatch.setenv("APP_CONFIG_FILE", "")
    return lambda *arguments: CliRunner().invoke(cli, arguments, prog_name="python -m app")
