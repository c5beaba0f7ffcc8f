"""asyncio's cancellation waits for what anyio shields, and for nothing else."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest
from anyio import CancelScope, CapacityLimiter, create_task_group, fail_after, move_on_after, to_thread

from sessionscope.fastapi.cancellation import WithItsThreads


class Work:
    """Work to cancel in the middle, with a record of what it did."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.done: list[str] = []
        self.is_at_work = asyncio.Event()
        self.may_end = threading.Event()

    def in_thread(self) -> None:
        """Block until told."""
        self.done.append("thread began")
        self._loop.call_soon_threadsafe(self.is_at_work.set)
        assert self.may_end.wait(10)
        self.done.append("thread ended")

    async def cancelled(self, work: Callable[[], Awaitable[None]], *, times: int = 1) -> None:
        """Run *work*, and cancel it that often when it is at work; it is let go on a moment later."""

        async def run() -> None:
            await WithItsThreads(work())

        task = asyncio.ensure_future(run())
        await self.is_at_work.wait()
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0.01)
        self.may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.fixture(name="work")
async def _work() -> Work:
    return Work(asyncio.get_running_loop())


class TestThreads:
    @pytest.mark.parametrize("times", [1, 3])
    @pytest.mark.parametrize("own_limiter", [False, True])
    async def test_one_is_waited_for(self, work: Work, times: int, own_limiter: bool) -> None:
        """The thread ends however often the task is cancelled; what comes afterwards is cancelled."""

        async def serve() -> None:
            await to_thread.run_sync(work.in_thread, limiter=CapacityLimiter(1) if own_limiter else None)
            await asyncio.sleep(0)
            work.done.append("after a wait")

        await work.cancelled(serve, times=times)
        assert ["thread began", "thread ended"] == work.done

    async def test_one_in_a_task_group_is_waited_for(self, work: Work) -> None:
        """A task group of a streamed response is an example."""

        async def serve() -> None:
            async with create_task_group() as group:
                group.start_soon(to_thread.run_sync, work.in_thread)

        await work.cancelled(serve)
        assert ["thread began", "thread ended"] == work.done

    async def test_one_in_a_shield_with_a_timeout_is_waited_for(self, work: Work) -> None:
        """A deadline around the thread changes nothing."""

        async def serve() -> None:
            with move_on_after(10, shield=True):
                await to_thread.run_sync(work.in_thread)

        await work.cancelled(serve)
        assert ["thread began", "thread ended"] == work.done

    async def test_last_thread_does_not_swallow_the_cancellation(self, work: Work) -> None:
        """The work waits for nothing afterwards, but the task that cancelled it still gets the cancellation."""
        await work.cancelled(lambda: to_thread.run_sync(work.in_thread))
        assert ["thread began", "thread ended"] == work.done


class TestShields:
    async def test_a_shielded_block_comes_to_its_end(self, work: Work) -> None:
        """A shielded block finishes, including waits that only yield to other tasks."""

        async def serve() -> None:
            with CancelScope(shield=True), CancelScope():
                work.is_at_work.set()
                for _ in range(3):
                    await asyncio.sleep(0)
                    await asyncio.sleep(0.02)
                work.done.append("shielded")
            await asyncio.sleep(10)

        await work.cancelled(serve)
        assert ["shielded"] == work.done

    async def test_anything_else_is_cancelled_at_once(self, work: Work) -> None:
        """The awaited work is cancelled too, and can clean up."""
        waited_for = asyncio.get_running_loop().create_future()

        async def serve() -> None:
            try:
                work.is_at_work.set()
                await waited_for
            finally:
                await asyncio.sleep(0)
                work.done.append("cleaned up")

        await work.cancelled(serve)
        assert waited_for.cancelled()
        assert ["cleaned up"] == work.done


class TestOtherwise:
    async def test_work_without_threads_runs_as_if_awaited_directly(self) -> None:
        """The work runs in the same task, and its results and errors are unchanged."""
        tasks: list[object] = []

        async def serve() -> None:
            tasks.append(asyncio.current_task())
            with pytest.raises(KeyError):
                await failing()
            raise ValueError("of the work")

        async def failing() -> None:
            await asyncio.sleep(0)
            raise KeyError

        with pytest.raises(ValueError, match="of the work"):
            await WithItsThreads(serve())
        assert [asyncio.current_task()] == tasks

    async def test_timeouts_around_it_work(self) -> None:
        """Timeouts of asyncio and anyio work."""
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await WithItsThreads(asyncio.sleep(10))
        with pytest.raises(TimeoutError), fail_after(0.01):
            await WithItsThreads(asyncio.sleep(10))
