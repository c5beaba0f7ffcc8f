"""Databases of their own: engines, locks and files are under test here."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.database import init_db
from config import DatabaseSettings
from containers import DatabaseContainer, close_container

MakeDatabase = Callable[..., DatabaseContainer]


@pytest.fixture
def make_database(tmp_path: Path) -> Iterator[MakeDatabase]:
    """Give a function that makes a container on a file, with every table; each is closed at the end."""
    made: list[DatabaseContainer] = []

    def make(**values: Any) -> DatabaseContainer:
        values.setdefault("url", f"sqlite:///{tmp_path}/x.db")
        container = DatabaseContainer(settings=DatabaseSettings(**values))
        made.append(container)
        init_db(container.engine())
        return container

    yield make
    for container in made:
        asyncio.run(close_container(container))


@pytest.fixture(params=["sqlite:///:memory:", None], ids=["memory", "file"])
def database(make_database: MakeDatabase, request: pytest.FixtureRequest) -> DatabaseContainer:
    """Give a container with every table: on a private database, and on a file."""
    return make_database(**({"url": request.param} if request.param else {}))


@pytest.fixture
def memory(make_database: MakeDatabase) -> DatabaseContainer:
    """Give a container on a private database, with every table."""
    return make_database(url="sqlite:///:memory:")
