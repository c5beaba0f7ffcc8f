"""Fixtures for tests of migrations: an empty database on each kind of server, and the test's own migrations."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine
from typer.testing import CliRunner

from app.commands import cli
from sessionscope.database.engine import build_engine
from sessionscope.testing.server_database import settings_of
from tests.app.migrations.places import Command, Migrations, on_server

SERVERS = ("postgresql", "mariadb")


@pytest.fixture(params=["sqlite", *SERVERS], name="url")
def _url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """Give the URL of an empty database, on each kind of server."""
    if request.param == "sqlite":
        yield URL.create("sqlite", database=str(tmp_path / "fresh.db"))
        return
    with on_server(request.getfixturevalue(request.param).url()) as url:
        yield url


@pytest.fixture(name="engine")
def _engine(url: URL) -> Iterator[Engine]:
    """Give an engine of the service on the database."""
    engine = build_engine(settings_of(url))
    yield engine
    engine.dispose()


@pytest.fixture(name="migrations")
def _migrations(url: URL, tmp_path: Path) -> Migrations:
    """Give the service's migrations, to which the test adds its own."""
    return Migrations(url, tmp_path / "versions")


@pytest.fixture(name="db")
def _db(url: URL, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Give a function that runs a `db` command on the database."""
    monkeypatch.setenv("APP_DATABASE__URL", url.render_as_string(hide_password=False))
    return lambda *arguments: CliRunner().invoke(cli, ["db", *arguments])
