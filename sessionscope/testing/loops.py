"""Doing async work from fixtures, whatever loop they run in."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run(work: Coroutine[Any, Any, None]) -> None:
    """Do *work* in a loop of its own, in a thread, for a fixture may be set up by one that runs in a loop.

    SQLite's async driver works in yet another thread, which any loop may ask.
    """
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
