"""Threads for the console alone. Those of the server may all wait for an exhausted pool."""

from collections.abc import Callable
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

T = TypeVar("T")

# A limiter belongs to the event loop.
_limiter: Final[RunVar[CapacityLimiter]] = RunVar("console_threads")
_MOST: Final = 4


async def in_own_thread(work: Callable[[], T]) -> T:
    """Return the result of *work*, which runs in a thread."""
    limiter = _limiter.get(None)
    if limiter is None:
        limiter = CapacityLimiter(_MOST)
        _limiter.set(limiter)
    return await to_thread.run_sync(work, limiter=limiter)
