"""Hashes passwords with argon2id."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import Any, Final, TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from sessionscope.errors import BusyError

T = TypeVar("T")

# A hash takes 0.1 to 0.3 s, so the last one in the queue waits for a second or two.
_WAITING_PER_THREAD: Final = 8


def cores() -> int:
    """Return how many cores this process may use."""
    # If the system supports it, this counts only the cores that `taskset` or the container allows.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class PasswordHasher:
    """Hashes and verifies passwords in its own threads, one per core.

    A hash is expensive on purpose: it takes 64 MB and at least 0.1 s of a core. Hashing more passwords at once than
    there are cores would only use more memory, and the threads that other requests need.

    Args:
        threads: How many passwords to process at once. By default, the number of cores.
        waiting: How many more passwords may wait for a thread. By default, 8 per thread.
    """

    def __init__(self, threads: int | None = None, waiting: int | None = None) -> None:
        threads = threads or cores()
        waiting = _WAITING_PER_THREAD * threads if waiting is None else waiting
        self._hasher = PasswordHash((Argon2Hasher(),))
        # It starts a thread only when one is needed, and works with any event loop.
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._places = BoundedSemaphore(threads + waiting)

    async def hash(self, password: str) -> str:
        """Return the hash of *password*.

        Raises:
            BusyError: Too many passwords are waiting.
        """
        return await self._run(self._hasher.hash, password)

    async def verify(self, password: str, password_hash: str) -> bool:
        """Tell whether *password_hash* is the hash of *password*. Raises the same errors as `hash`."""
        return await self._run(self._hasher.verify, password, password_hash)

    def dispose(self) -> None:
        """End the threads, and give up passwords that are still waiting."""
        self._executor.shutdown(cancel_futures=True)

    async def _run(self, work: Callable[..., T], *arguments: str) -> T:
        if not self._places.acquire(blocking=False):
            raise BusyError("too many passwords are being hashed: try again in a moment")
        try:
            future = self._executor.submit(work, *arguments)
        except RuntimeError:
            # The hasher was disposed of.
            self._places.release()
            raise
        # Free the place when the work ends, not when the request ends: a cancelled request's thread still works.
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: Future[Any]) -> None:
        self._places.release()
