"""Each test here has its own database, because engines, locks and files are under test."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sessionscope import close_container
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.targets import Target
from tests.sessionscope.service.containers import DatabaseContainer
from tests.sessionscope.service.models import Base

MakeDatabase = Callable[..., DatabaseContainer]


@pytest.fixture
async def make_database(tmp_path: Path, anyio_backend: str) -> AsyncIterator[MakeDatabase]:  # noqa: ARG001 - sync tests too
    """Give a function that makes a container on a file, with every table; each is closed in the test's own loop."""
    made: list[DatabaseContainer] = []

    def make(*, create_tables: bool = True, **values: Any) -> DatabaseContainer:
        values.setdefault("url", f"sqlite:///{tmp_path}/x.db")
        container = DatabaseContainer(settings=DatabaseSettings(**values))
        made.append(container)
        if create_tables:
            Base.metadata.create_all(container.engine())
        return container

    yield make
    for container in made:
        await close_container(container)


@pytest.fixture(params=["memory", "file"])
def database(make_database: MakeDatabase, target: Target, request: pytest.FixtureRequest) -> DatabaseContainer:
    """Give a container with every table: on a private database, and on a file or a server."""
    if request.param == "memory":
        if target.url is not None:
            pytest.skip("a server has no private databases")
        return make_database(url="sqlite:///:memory:")
    return make_database(url=request.getfixturevalue("database_url"))


@pytest.fixture
def memory(make_database: MakeDatabase, target: Target, request: pytest.FixtureRequest) -> DatabaseContainer:
    """Give a container with every table on a database that nobody else uses: a private one, or a server's."""
    return make_database(url=request.getfixturevalue("database_url") if target.url else "sqlite:///:memory:")
