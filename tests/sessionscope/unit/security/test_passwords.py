"""Passwords are kept as argon2id hashes, made in a few threads of their own."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sessionscope.errors import BusyError
from sessionscope.security.passwords import PasswordHasher, cores
from sessionscope.testing.servers.process import wait_until

PASSWORD = "correct horse \N{PILE OF POO}"


class Slow:
    """Takes its time where argon2 would, and knows how many were at it."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.may_end = threading.Event()
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def hash(self, password: str) -> str:
        """Return the password, when it may end."""
        with self._lock:
            self.started.append(password)
            self._now += 1
            self.most = max(self.most, self._now)
        assert self.may_end.wait(10)
        with self._lock:
            self._now -= 1
        return password


@pytest.fixture(name="hasher")
def _hasher() -> Iterator[PasswordHasher]:
    """Give a hasher of two threads, for which three passwords may wait."""
    hasher = PasswordHasher(threads=2, waiting=3)
    yield hasher
    hasher.dispose()


@pytest.fixture(name="slow")
def _slow(hasher: PasswordHasher) -> Iterator[Slow]:
    """Put something slow in place of argon2."""
    slow: Any = Slow()
    hasher._hasher = slow
    yield slow
    slow.may_end.set()


async def started(slow: Slow, count: int) -> None:
    """Wait until so many passwords are worked on."""
    await asyncio.sleep(0)
    # In threads, which need no loop.
    assert wait_until(lambda: len(slow.started) >= count, seconds=5)


class TestHash:
    async def test_only_the_password_fits_its_hash(self, hasher: PasswordHasher) -> None:
        """A hash verifies only the right password, and doesn't contain it."""
        kept = await hasher.hash(PASSWORD)
        assert kept.startswith("$argon2id$")
        assert len(kept) <= 255
        assert "correct" not in kept
        assert await hasher.verify(PASSWORD, kept)
        assert not await hasher.verify("correct horse", kept)

    def test_one_hasher_serves_loop_after_loop(self, hasher: PasswordHasher) -> None:
        """Commands and tests have several event loops."""
        kept = asyncio.run(hasher.hash(PASSWORD))
        assert asyncio.run(hasher.verify(PASSWORD, kept))


class TestCrowd:
    async def test_no_more_are_worked_on_than_there_are_threads(self, hasher: PasswordHasher, slow: Slow) -> None:
        """Each would take 64 MB."""
        tasks = [asyncio.ensure_future(hasher.hash(str(number))) for number in range(5)]
        await started(slow, 2)
        await asyncio.sleep(0.05)
        slow.may_end.set()
        assert [str(number) for number in range(5)] == await asyncio.gather(*tasks)
        assert 2 == slow.most

    async def test_a_full_queue_refuses_at_once(self, hasher: PasswordHasher, slow: Slow) -> None:
        """No password waits longer than the queue takes, and finished ones make room."""
        tasks = [asyncio.ensure_future(hasher.hash(str(number))) for number in range(5)]
        await started(slow, 2)
        for _ in range(3):
            with pytest.raises(BusyError):
                await hasher.hash("too much")
        slow.may_end.set()
        await asyncio.gather(*tasks)
        assert "again" == await hasher.hash("again")
        assert "too much" not in slow.started

    async def test_a_cancelled_request_leaves_the_queue(self, hasher: PasswordHasher, slow: Slow) -> None:
        """A password whose request was cancelled is not hashed, and takes no place."""
        tasks = [asyncio.ensure_future(hasher.hash(str(number))) for number in range(5)]
        await started(slow, 2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Two threads are at work still; three places are free.
        more = [asyncio.ensure_future(hasher.hash(f"more {number}")) for number in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await hasher.hash("too much")
        slow.may_end.set()
        assert ["more 0", "more 1", "more 2"] == await asyncio.gather(*more)
        assert {"2", "3", "4"}.isdisjoint(slow.started)

    async def test_the_loop_goes_on_meanwhile(self, hasher: PasswordHasher) -> None:
        """Other requests are answered while passwords are hashed."""
        task = asyncio.ensure_future(hasher.hash(PASSWORD))
        longest = 0.0
        while not task.done():
            began = time.monotonic()
            await asyncio.sleep(0.001)
            longest = max(longest, time.monotonic() - began)
        assert longest < 0.5


class TestThreads:
    def test_hashing_threads_are_as_many_as_cores(self) -> None:
        """By default all cores that the process may use, and at least one."""
        hasher = PasswordHasher()
        assert 1 <= cores() == hasher._executor._max_workers
        hasher.dispose()

    async def test_hashing_threads_end_with_the_hasher(self) -> None:
        """A process that closes its container has no thread left of it."""
        hasher = PasswordHasher()
        await hasher.hash(PASSWORD)
        assert _threads()
        hasher.dispose()
        assert [] == _threads()


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("passwords")]
