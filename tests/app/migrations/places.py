"""Databases, migrations and processes for tests of migrations."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Engine, NullPool, inspect, text
from typer.testing import Result

from sessionscope.database.engine import build_engine
from sessionscope.migrations.connecting import Limits
from sessionscope.migrations.running import configuration
from sessionscope.testing.mariadb import MariaDB
from sessionscope.testing.postgresql import PostgreSQL
from sessionscope.testing.server_database import settings_of
from tests.app.commands.commands import ROOT

TABLES: Final = {"users", "posts", "accounts", "transfers", "idempotency_keys", "alembic_version"}
HEAD: Final = str(ScriptDirectory.from_config(configuration()).get_current_head())

# Runs a `db` command in this process.
Command = Callable[..., Result]

_MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = {revision!r}, {parent!r}


def upgrade() -> None:
    {up}


def downgrade() -> None:
    {down}
"""


@contextmanager
def on_server(server: URL) -> Generator[URL, None, None]:
    """Make a database on a server, and drop it afterwards."""
    backend: Any = PostgreSQL() if server.get_backend_name() == "postgresql" else MariaDB()
    name = f"app_{uuid4().hex[:12]}"
    engine = build_engine(settings_of(server), poolclass=NullPool).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        backend.create(connection, name)
        try:
            yield server.set(database=name)
        finally:
            backend.drop(connection, name)


class Migrations:
    """The service's migrations on a database, followed by a test's own migrations from a folder."""

    def __init__(self, url: URL, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self._last = HEAD

    def add(self, revision: str, up: str, down: str = "pass") -> None:
        """Write the next migration."""
        self._folder.mkdir(exist_ok=True)
        written = _MIGRATION.format(
            revision=revision, parent=self._last, up=up.replace("\n", "\n    "), down=down.replace("\n", "\n    ")
        )
        (self._folder / f"{revision}.py").write_text(written)
        self._last = revision

    def up(self, revision: str = "head", **limits: float) -> None:
        """Apply them."""
        command.upgrade(self._configuration(**limits), revision)

    def down(self, revision: str) -> None:
        """Undo them."""
        command.downgrade(self._configuration(), revision)

    def _configuration(self, **limits: float) -> Config:
        config = configuration(self._url, Limits(**limits))
        config.set_main_option("path_separator", "os")
        folders = [f"{ROOT}/alembic/versions", str(self._folder)]
        config.set_main_option("version_locations", os.pathsep.join(folders))
        return config


def start(url: URL, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Start ``python -m app db`` on a database."""
    where = url.render_as_string(hide_password=False)
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "app", "db", *arguments],
        cwd=ROOT,
        env=os.environ | {"APP_DATABASE__URL": where} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def revisions(engine: Engine) -> list[str]:
    """Return the rows of Alembic's table."""
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT version_num FROM alembic_version")))


def tables(engine: Engine) -> set[str]:
    """Return the names of all tables."""
    return set(inspect(engine).get_table_names())
