"""Databases of their own: engines, locks and files are under test here."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread

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


@pytest.fixture
async def failed_connections_end() -> AsyncIterator[None]:
    """Wait, while the loop still runs, for the driver's threads to end.

    A connection that can't be opened ends its thread after the caller has had the error; the
    thread then tells a loop that a test may have closed by then.
    """
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if "_connection_worker_thread" in thread.name:
            await to_thread.run_sync(thread.join)
