"""The databases of a run: made, migrated, filled, thrown away."""

import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url, text

from app.seeding import seed_users
from benchmarks.requests.field import USERS
from config import DatabaseSettings
from sessionscope.database.engine import build_engine
from sessionscope.migrations.running import upgrade
from sessionscope.testing.servers import PostgreSQL
from sessionscope.testing.servers.shared import Run

# Every peer keeps its pool while others work.
CONNECTIONS: Final = "500"
NAMES: Final = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


@contextmanager
def postgresql() -> Generator[str, None, None]:
    """Give the URL of a PostgreSQL database with users and accounts, for asyncpg."""
    if named := os.environ.get("APP_TEST_POSTGRESQL_URL"):
        yield _filled(make_url(named).set(drivername="postgresql+asyncpg"))
        return
    run = Run()
    try:
        with run.own(PostgreSQL, settings={"max_connections": CONNECTIONS, "shared_buffers": "256MB"}) as server:
            yield _filled(server.url(driver="asyncpg"))
    finally:
        run.close()


@contextmanager
def sqlite() -> Generator[str, None, None]:
    """Give the URL of an SQLite database with users and accounts, for aiosqlite."""
    with tempfile.TemporaryDirectory(prefix="app-bench-") as directory:
        yield _filled(make_url(f"sqlite+aiosqlite:///{Path(directory) / 'bench.db'}"))


KINDS: Final[dict[str, Callable[[], AbstractContextManager[str]]]] = {"postgresql": postgresql, "sqlite": sqlite}


def version(url: str) -> str:
    """Return what the database calls itself, as PostgreSQL 17.2."""
    engine = build_engine(DatabaseSettings(url=url))
    with engine.connect():
        numbers = ".".join(map(str, engine.dialect.server_version_info or ()))
    engine.dispose()
    return f"{NAMES[engine.dialect.name]} {numbers}"


def _filled(url: URL) -> str:
    written = url.render_as_string(hide_password=False)
    upgrade(url)
    engine = build_engine(DatabaseSettings(url=written))
    for _ in seed_users(engine, USERS):
        pass
    with engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()
    engine.dispose()
    return written
