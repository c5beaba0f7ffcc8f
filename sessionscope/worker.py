"""Runs jobs outside of requests: several at a time, each in a scope of its own, until it is told to stop."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sessionscope.lifetimes.scopes import scope

C = TypeVar("C")
J = TypeVar("J")

logger = logging.getLogger(__name__)

# The pause after a failure of the source. It doubles with each further failure.
_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 30.0
# How long something that was cancelled may take to clean up.
_CANCEL_AGAIN_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Worker(Generic[C, J]):
    """What a worker process does.

    Attributes:
        jobs: Yields the jobs to do, for ever or until there are no more. It is asked for a job only when the job can
            begin at once. When the worker stops, it is closed where it waits, so a job that it has just taken must
            become due again by itself. Open scopes only between two ``yield``.
        handle: Does one job, in a scope of its own. An exception is logged.
    """

    jobs: Callable[[C], AsyncGenerator[J, None]]
    handle: Callable[[C, J], Awaitable[object]]


async def run_worker(
    container: C,
    worker: Worker[C, J],
    *,
    stop: asyncio.Event,
    concurrency: int = 10,
    shutdown_timeout: float = 10,
) -> int:
    """Do jobs until *stop* is set or there are no more, and wait for those in flight.

    If the source fails, for example because the database is down, that is logged, and it is started again after a
    pause.

    Args:
        container: The container, which is open. The source and the jobs get it.
        worker: What to do.
        stop: Set it to stop taking jobs.
        concurrency: How many jobs run at a time at most.
        shutdown_timeout: How long to wait for the jobs in flight, in seconds. Those that take longer are cancelled.

    Returns:
        The number of jobs that were cancelled.
    """
    run = _Run(container, worker, concurrency)
    taking = asyncio.ensure_future(run.take())
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({taking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await _end(taking, stopping)
        return await run.finish(shutdown_timeout)
    finally:
        await _end(taking, stopping)
        await run.finish(0)


class _Run(Generic[C, J]):
    def __init__(self, container: C, worker: Worker[C, J], concurrency: int) -> None:
        self._container = container
        self._worker = worker
        self._slots = asyncio.Semaphore(concurrency)
        self._in_flight: set[asyncio.Task[None]] = set()

    async def take(self) -> None:
        """Start jobs until there are no more."""
        pause = _PAUSE_SECONDS
        while True:
            try:
                async with aclosing(self._worker.jobs(self._container)) as jobs:
                    while await self._start_next(jobs):
                        pause = _PAUSE_SECONDS
            except Exception:
                logger.exception("the source of jobs failed: trying again in %g s", pause)
            else:
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def finish(self, seconds: float) -> int:
        """Wait for the jobs in flight, cancel those that take longer, and return how many these were."""
        if not self._in_flight:
            return 0
        _, late = await asyncio.wait(self._in_flight, timeout=seconds)
        await _end(*late)
        if late:
            logger.warning("%d jobs did not finish in %g s, and were cancelled", len(late), seconds)
        return len(late)

    async def _start_next(self, jobs: AsyncGenerator[J, None]) -> bool:
        """Start the next job as soon as fewer than the most are in flight. Return False if there is none."""
        await self._slots.acquire()
        try:
            job = await anext(jobs)
        except BaseException as error:
            self._slots.release()
            if isinstance(error, StopAsyncIteration):
                return False
            raise
        task = asyncio.ensure_future(self._do(job))
        self._in_flight.add(task)
        task.add_done_callback(self._ended)
        return True

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._in_flight.discard(task)
        self._slots.release()

    async def _do(self, job: J) -> None:
        try:
            async with scope():
                await self._worker.handle(self._container, job)
        except Exception:
            logger.exception("job %s failed", getattr(job, "id", type(job).__name__))


async def _end(*tasks: "asyncio.Future[Any]") -> None:
    waiting = {task for task in tasks if not task.done()}
    while waiting:
        for task in waiting:
            task.cancel()
        # Code that catches the cancellation, as some drivers do while they connect, would go on for ever.
        _, waiting = await asyncio.wait(waiting, timeout=_CANCEL_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
