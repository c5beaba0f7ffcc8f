"""Seeding a database that others use."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, insert, select

from app.models import Post, User
from app.seeding import seed_posts, seed_users
from config import DatabaseSettings
from sessionscope.database import init_db
from sessionscope.database.engine import build_engine


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    """Give the path of a database file."""
    return tmp_path / "app.db"


@pytest.fixture(name="engine")
def _engine(file: Path) -> Iterator[Engine]:
    """Give an engine of the service on a database with tables."""
    engine = build_engine(DatabaseSettings(url=f"sqlite:///{file}"))
    init_db(engine)
    yield engine
    engine.dispose()


def test_seeding_locks_before_it_reads(engine: Engine, file: Path) -> None:
    """Nobody can write between the SELECT and the INSERT; otherwise, SQLite would refuse the INSERT."""
    other = sqlite3.connect(file, timeout=0, isolation_level=None)
    refused: list[str] = []

    @event.listens_for(engine, "after_cursor_execute")
    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT users.username"):
            with pytest.raises(sqlite3.OperationalError) as caught:
                other.execute("BEGIN IMMEDIATE")
            refused.append(str(caught.value))

    assert [3] == list(seed_users(engine, 3))
    other.close()
    assert ["database is locked"] == refused


def test_real_people_write_nothing(engine: Engine) -> None:
    """A user whose name only looks made up gets no posts."""
    with engine.begin() as connection:
        person = {"email": "seedling@garden.org", "username": "seedling", "role": "user", "is_active": True}
        connection.execute(insert(User), [person])
    assert [2] == list(seed_users(engine, 2))
    assert 50 == list(seed_posts(engine, 50))[-1]
    with engine.connect() as connection:
        authors = connection.execute(select(User.username, func.count()).join(Post).group_by(User.username)).all()
    assert {"seed1", "seed2"} == {name for name, _ in authors}
