"""A new service, and databases for it."""

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from sessionscope.testing.targets import Target
from tests.new.running import make_service, new_database


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a service, which no test changes."""
    return make_service(tmp_path_factory.mktemp("new") / "shopping-list")


@pytest.fixture
def service(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the service, to change."""
    return shutil.copytree(made, tmp_path / made.name, symlinks=True)


@pytest.fixture
def url(target: Target, tmp_path: Path) -> Generator[str, None, None]:
    """Yield the URL of an empty database."""
    with new_database(target, tmp_path, "postgresql") as url:
        yield url
