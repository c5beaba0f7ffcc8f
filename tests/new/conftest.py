"""A new service, and databases for it."""

import secrets
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from sessionscope.testing.targets import Target
from tests.new.running import make_service


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
    if target.url is None:
        yield f"sqlite:///{tmp_path}/notes.db"
        return
    server, name = target.url.set(drivername="postgresql+psycopg"), f"new_{secrets.token_hex(5)}"
    engine = create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield target.url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
