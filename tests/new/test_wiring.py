"""A new service has the command `wiring`, without a line of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.isolation("none")

ROOT = Path(__file__).resolve().parents[2]


def test_new_service_shows_its_wiring() -> None:
    """Its one feature stands on the whole chain of its database."""
    shown = subprocess.run(
        [sys.executable, "-B", "-m", "app", "wiring", "--format", "json"],
        cwd=ROOT / "sessionscope" / "template",
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    data = json.loads(shown.stdout)
    lifetimes = {node["name"]: node["lifetime"] for node in data["nodes"]}
    assert {"settings": "process", "database.async_session": "scope", "notes": "call"}.items() <= lifetimes.items()
    assert ["database.async_transactions", "database.async_reads"] == [
        edge["from"] for edge in data["edges"] if edge["to"] == "notes"
    ]
