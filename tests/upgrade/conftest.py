"""A service that version 0.2.0 made."""

import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.upgrade.wheels import pack_old_wheel

# Made by `python -m sessionscope new` of 0.2.0, without the wheel, and never changed.
NOTES: Final = Path(__file__).with_name("notes_0_2_0")

# A service with tests of its own.
collect_ignore = [str(NOTES)]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Return a copy of the service, to change."""
    service = shutil.copytree(NOTES, tmp_path / "notes", ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    pack_old_wheel(service)
    return service
