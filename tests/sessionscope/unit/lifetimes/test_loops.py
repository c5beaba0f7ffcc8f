"""Work is given up in time, even if its cancellation takes longer."""

import asyncio
from time import monotonic

import pytest

from sessionscope.lifetimes.loops import result_within

pytestmark = pytest.mark.isolation("none")

LONG = 60


class TestResultWithin:
    async def test_work_in_time_has_a_result(self) -> None:
        """The result is that of the work."""
        assert 7 == await result_within(asyncio.sleep(0, 7), LONG)

    async def test_error_of_the_work_is_raised(self) -> None:
        """An error is a result too."""

        async def fail() -> None:
            raise LookupError

        with pytest.raises(LookupError):
            await result_within(fail(), LONG)

    async def test_cancellation_of_late_work_is_not_waited_for(self) -> None:
        """A driver may have to ask a silent server before it can cancel a statement."""
        ended: list[str] = []

        async def cancel_slowly() -> None:
            try:
                await asyncio.sleep(LONG)
            except asyncio.CancelledError:
                await asyncio.sleep(0.2)
                ended.append("cancelled")
                raise

        begun = monotonic()
        with pytest.raises(TimeoutError):
            await result_within(cancel_slowly(), 0.01)
        assert monotonic() - begun < 0.2
        assert [] == ended
        await asyncio.sleep(0.5)
        assert ["cancelled"] == ended

    async def test_work_ends_with_its_caller(self) -> None:
        """A caller that is cancelled cancels the work."""
        cancelled = asyncio.Event()

        async def wait() -> None:
            try:
                await asyncio.sleep(LONG)
            finally:
                cancelled.set()

        caller = asyncio.create_task(result_within(wait(), LONG))
        await asyncio.sleep(0.01)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
        async with asyncio.timeout(5):
            await cancelled.wait()
