"""The loop of a worker: when it asks for a job, and how it ends."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from itertools import count

import pytest

from sessionscope import Scope, current_scope, worker
from sessionscope.worker import Worker, run_worker

pytestmark = pytest.mark.isolation("none")


class Log:
    """What has happened. It takes the place of a container."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.taken = 0
        self.scopes: set[Scope] = set()
        self.failures: Iterator[bool] = iter(())
        self.proceed = asyncio.Event()


@pytest.fixture(name="log")
async def _log() -> Log:
    return Log()


async def three(log: Log) -> AsyncGenerator[int, None]:
    """Yield three jobs. Fail instead as often as the log says."""
    if next(log.failures, False):
        raise ConnectionError
    for job in range(3):
        log.taken += 1
        yield job


async def endless(log: Log) -> AsyncGenerator[int, None]:
    """Yield jobs for ever."""
    for job in count():
        log.taken += 1
        yield job


async def silent(log: Log) -> AsyncGenerator[int, None]:
    """Wait for a job that never comes."""
    try:
        await asyncio.Event().wait()
        yield 0
    finally:
        log.taken = -1


async def deaf(log: Log) -> AsyncGenerator[int, None]:
    """Catch the first cancellation, and wait on."""
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    await asyncio.Event().wait()
    yield log.taken


async def note(log: Log, job: int) -> None:
    """Do a job."""
    log.scopes.add(current_scope())
    log.begun.append(job)
    await asyncio.sleep(0)
    log.ended.append(job)


async def wait(log: Log, job: int) -> None:
    """Do a job that goes on until the test lets it proceed."""
    log.begun.append(job)
    await log.proceed.wait()
    log.ended.append(job)


async def settle() -> None:
    """Let the tasks run until they wait."""
    for _ in range(20):
        await asyncio.sleep(0)


class TestSource:
    async def test_worker_ends_when_there_are_no_more_jobs(self, log: Log) -> None:
        """A source that ends makes a batch. Each job has a scope of its own."""
        assert 0 == await run_worker(log, Worker(three, note), stop=asyncio.Event())
        assert ([0, 1, 2], 3) == (log.ended, len(log.scopes))

    async def test_source_is_asked_only_when_a_job_can_begin(self, log: Log) -> None:
        """A job that waits in this process could have been done by another one."""
        stop = asyncio.Event()
        running = asyncio.ensure_future(run_worker(log, Worker(endless, wait), stop=stop, concurrency=2))
        await settle()
        assert (2, [0, 1]) == (log.taken, log.begun)
        stop.set()
        log.proceed.set()
        assert 0 == await running
        assert ([0, 1], 2) == (log.ended, log.taken)

    async def test_source_is_closed_where_it_waits(self, log: Log) -> None:
        """A worker that has nothing to do ends at once."""
        stop = asyncio.Event()
        running = asyncio.ensure_future(run_worker(log, Worker(silent, note), stop=stop))
        await settle()
        stop.set()
        assert 0 == await running
        assert -1 == log.taken

    async def test_source_that_catches_a_cancellation_is_cancelled_again(
        self, log: Log, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Some drivers lose one that meets them while they connect."""
        monkeypatch.setattr(worker, "_CANCEL_AGAIN_SECONDS", 0.01)
        stop = asyncio.Event()
        running = asyncio.ensure_future(run_worker(log, Worker(deaf, note), stop=stop))
        await settle()
        stop.set()
        assert 0 == await asyncio.wait_for(running, 5)

    async def test_failed_source_is_started_again(
        self, log: Log, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A database that is down for a while does not end the worker. The pause doubles."""
        monkeypatch.setattr(worker, "_PAUSE_SECONDS", 0.01)
        log.failures = iter([True, True, False])
        assert 0 == await run_worker(log, Worker(three, note), stop=asyncio.Event())
        assert [0, 1, 2] == log.ended
        expected = [f"the source of jobs failed: trying again in {pause} s" for pause in ("0.01", "0.02")]
        assert expected == [record.getMessage() for record in caplog.records]


class TestEnd:
    async def test_late_jobs_are_cancelled_and_counted(self, log: Log) -> None:
        """They do not delay the end any longer."""
        stop = asyncio.Event()
        running = asyncio.ensure_future(run_worker(log, Worker(three, wait), stop=stop, shutdown_timeout=0.01))
        await settle()
        stop.set()
        assert (3, []) == (await running, log.ended)

    async def test_cancelled_worker_leaves_no_job_behind(self, log: Log) -> None:
        """Its jobs are cancelled with it, and it waits for their end."""
        before = asyncio.all_tasks()
        running = asyncio.ensure_future(run_worker(log, Worker(endless, wait), stop=asyncio.Event(), concurrency=3))
        await settle()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert ([0, 1, 2], []) == (log.begun, log.ended)
        assert before == asyncio.all_tasks()
