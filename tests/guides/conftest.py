"""Folders to follow guides in."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.new.running import make_service

SERVICES: Final = Path(__file__).with_name("services")

# Services with tests of their own.
collect_ignore = [str(SERVICES)]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a service, which no test changes."""
    return make_service(tmp_path_factory.mktemp("guides") / "notes")


@pytest.fixture
def start(made: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Give a function that returns the folder in which a guide begins, by the guide's name.

    It is a copy of the folder of that name in `services`. If there is none, it is a new service.
    """

    def start(guide: str) -> Path:
        folder = tmp_path / guide.replace("_", "-")
        if not (SERVICES / guide).exists():
            return shutil.copytree(made, folder, symlinks=True)
        shutil.copytree(SERVICES / guide, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / ".venv").symlink_to(made / ".venv")
        return folder

    return start
