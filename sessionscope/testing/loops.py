"""Runs async code from fixtures, even if they run in an event loop."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run *work* in a new event loop in another thread, because this thread may already run an event loop.

    SQLite's async driver uses a thread of its own, which works with any event loop.
    """
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
