"""The doctor of a service with two databases."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from examples.two_databases.__main__ import cli
from sessionscope.testing.servers import PostgreSQL

pytestmark = pytest.mark.isolation("none")


def examine() -> list[dict[str, Any]]:
    """Return the findings."""
    findings: list[dict[str, Any]] = json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).stdout)["findings"]
    return findings


class TestDoctor:
    def test_each_database_is_checked(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """The findings are under the name of the database, and so are the commands in their remedies."""
        for name in ("DATABASE", "JOURNAL"):
            monkeypatch.setenv(f"APP_{name}__URL", f"sqlite:///{tmp_path}/{name}.db")
        remedies = {each["subject"]: each["remedy"] for each in examine() if each["code"] == "connect_sync"}
        assert {
            "database": "run `db upgrade`, which creates the file",
            "journal": "run `db --database journal upgrade`, which creates the file",
        } == remedies

    def test_databases_on_one_server_are_counted_together(
        self, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each pool alone would fit."""
        for name in ("DATABASE", "JOURNAL"):
            monkeypatch.setenv(f"APP_{name}__URL", postgresql.url().render_as_string(hide_password=False))
            monkeypatch.setenv(f"APP_{name}__POOL_SIZE", "70")
            monkeypatch.setenv(f"APP_{name}__MAX_OVERFLOW", "50")
        failed = [each for each in examine() if each["code"] == "capacity" and each["status"] == "failure"]
        assert ["database", "journal"] == [each["subject"] for each in failed]
        assert "the pools for database, journal open 240 connections at most; their server" in failed[0]["what"]
