"""Databases of single tests on servers."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import URL, NullPool

from sessionscope.database.engine import build_engine
from sessionscope.migrations.running import upgrade
from sessionscope.testing.mariadb import MariaDB
from sessionscope.testing.postgresql import PostgreSQL
from sessionscope.testing.server_database import settings_of


@contextmanager
def migrated_on(server: URL, project: Path) -> Generator[str, None, None]:
    """Make a migrated database on a server, and drop it afterwards."""
    backend: Any = PostgreSQL() if server.get_backend_name() == "postgresql" else MariaDB()
    name = f"app_{uuid4().hex[:12]}"
    engine = build_engine(settings_of(server), poolclass=NullPool).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        backend.create(connection, name)
    try:
        upgrade(server.set(database=name), project=project)
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            backend.drop(connection, name)
