"""Fixtures of tests whose database can't be opened."""

import threading
from collections.abc import AsyncIterator

import pytest
from anyio import to_thread


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
