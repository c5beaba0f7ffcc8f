"""Passwords, kept as argon2id hashes."""

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

# One takes 0.1 to 0.3 s: the last of them waits for a second or two.
_WAITING_PER_THREAD: Final = 8


def cores() -> int:
    """Return how many cores this process may use."""
    # What `taskset` and a container's set of cores leave to it, where the system tells.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class PasswordHasher:
    """Hashes and verifies passwords in threads of its own, as many as there are cores.

    A hash is expensive on purpose: 64 MB, and 0.1 s of a core or more. More of them at once than there are cores would
    only take more memory, and the threads that other requests need.

    Args:
        threads: How many passwords are worked on at once; as many as there are cores by default.
        waiting: How many more may wait for a thread; 8 per thread by default.
    """

    def __init__(self, threads: int | None = None, waiting: int | None = None) -> None:
        threads = threads or cores()
        waiting = _WAITING_PER_THREAD * threads if waiting is None else waiting
        self._hasher = PasswordHash((Argon2Hasher(),))
        # It starts a thread when one is needed, and serves any event loop.
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._places = BoundedSemaphore(threads + waiting)

    async def hash(self, password: str) -> str:
        """Return the hash of *password*.

        Raises:
            BusyError: Too many passwords are waiting.
        """
        return await self._run(self._hasher.hash, password)

    async def verify(self, password: str, password_hash: str) -> bool:
        """Tell whether *password* is the one that *password_hash* was made of; errors as `hash`."""
        return await self._run(self._hasher.verify, password, password_hash)

    def dispose(self) -> None:
        """End the threads; passwords that still wait are given up."""
        self._executor.shutdown(cancel_futures=True)

    async def _run(self, work: Callable[..., T], *arguments: str) -> T:
        if not self._places.acquire(blocking=False):
            raise BusyError("too many passwords are being hashed: ask again in a moment")
        try:
            future = self._executor.submit(work, *arguments)
        except RuntimeError:
            # It was disposed of.
            self._places.release()
            raise
        # When the work has ended, and not when the request has: a cancelled one leaves its thread at work.
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: Future[Any]) -> None:
        self._places.release()
