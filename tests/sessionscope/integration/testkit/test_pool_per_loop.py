"""Each event loop of a test has a pool of its own, whose connections end with the loop."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.sessionscope.service.containers import ApplicationContainer

pytestmark = [pytest.mark.isolation("database"), pytest.mark.every_database(but=["sqlite"])]


async def connect_all(engine: AsyncEngine, count: int) -> None:
    """Have *count* connections open at the same time."""
    connections = [await engine.connect() for _ in range(count)]
    for connection in connections:
        await connection.close()


def test_connections_of_the_overflow_are_closed_with_their_loop(container: ApplicationContainer) -> None:
    """A loop that is closed before its connections may hang, and leaves them open on the server."""
    settings, engine = container.database.settings(), container.database.async_engine()
    opened, closed = list[Any](), list[Any]()
    event.listen(engine.sync_engine, "connect", lambda connection, _: opened.append(connection))
    event.listen(engine.sync_engine, "close", lambda connection, _: closed.append(connection))
    count = settings.pool_size + settings.max_overflow

    asyncio.run(connect_all(engine, count))

    assert count == len(opened)
    assert {*map(id, opened)} == {*map(id, closed)}
