"""Gates let in as many as they have places, and lose none."""

import asyncio
import gc
import threading
from collections.abc import Callable
from weakref import ref

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sessionscope.database import gates
from sessionscope.database.gates import LoopGate, LoopGates, ThreadGate

pytestmark = pytest.mark.isolation("none")


class TestPlaces:
    def test_places_of_the_overflow_come_last(self) -> None:
        """A place that is given back is taken again before any of the overflow."""
        gate = ThreadGate(2, 2)
        assert [False, False, True] == [gate.enter(0) for _ in range(3)]
        gate.leave(True)
        gate.leave(False)
        assert [False, True, True] == [gate.enter(0) for _ in range(3)]

    async def test_places_of_the_overflow_come_last_for_tasks(self) -> None:
        """As for threads."""
        gate = LoopGate(1, 2)
        assert [False, True] == [gate.enter_at_once() for _ in range(2)]
        gate.leave(False)
        assert [False, True, None] == [gate.enter_at_once() for _ in range(3)]


class TestThreadGate:
    def test_waiting_has_an_end(self) -> None:
        """A thread that waited in vain gets an error, and takes no place."""
        gate = ThreadGate(1)
        gate.enter(0)
        with pytest.raises(PoolTimeoutError, match=r"no connection was free within 0\.01 s"):
            gate.enter(0.01)
        gate.leave(False)
        gate.enter(0)

    def test_waiting_thread_gets_the_place(self) -> None:
        """Another thread gives it back."""
        gate = ThreadGate(1)
        gate.enter(0)
        threading.Timer(0.01, gate.leave, (False,)).start()
        gate.enter(10)


class TestLoopGate:
    async def test_first_come_is_first_served(self) -> None:
        """A place goes to the task that has waited longest, and not to one that asks meanwhile."""
        gate, served = LoopGate(1), list[int]()

        async def ask(number: int) -> None:
            served.append(number)
            gate.leave(await gate.wait(10))

        place = gate.enter_at_once()
        assert place is not None
        tasks = [asyncio.create_task(ask(number)) for number in range(5)]
        await asyncio.sleep(0)
        gate.leave(place)
        assert gate.enter_at_once() is None
        await asyncio.gather(*tasks)
        assert list(range(5)) == served

    async def test_place_may_be_left_from_any_thread(self) -> None:
        """The garbage collector ends checkouts wherever it runs."""
        gate = LoopGate(1)
        gate.enter_at_once()
        waiting = asyncio.create_task(gate.wait(10))
        await asyncio.sleep(0)
        threading.Thread(target=gate.leave, args=(False,)).start()
        assert (await waiting, 0) == (False, gate.waiters)

    def test_place_may_be_left_after_the_loop_has_ended(self) -> None:
        """In no loop, and in another one."""

        async def enter() -> LoopGate:
            gate = LoopGate(1)
            gate.enter_at_once()
            return gate

        with asyncio.Runner() as runner:
            gate = runner.run(enter())
        gate.leave(False)

        async def leave() -> None:
            gate.leave(False)

        asyncio.run(leave())
        assert gate.waiters == 0

    @pytest.mark.parametrize("cancelled_first", [False, True])
    async def test_place_of_a_cancelled_waiter_is_handed_on(self, *, cancelled_first: bool) -> None:
        """The next waiter gets it, in the same turn of the loop."""
        gate = LoopGate(1)
        gate.enter_at_once()
        cancelled, following = (asyncio.create_task(gate.wait(10)) for _ in range(2))
        await asyncio.sleep(0)
        steps: list[Callable[[], object]] = [cancelled.cancel, lambda: gate.leave(False)]
        for step in steps if cancelled_first else steps[::-1]:
            step()
        async with asyncio.timeout(10):
            assert await following is False
        assert (True, 0) == (cancelled.cancelled(), gate.waiters)

    async def test_all_waiters_can_be_failed(self) -> None:
        """Each gets an error of its own, and the gate has lost no place."""
        gate = LoopGate(1)
        place = gate.enter_at_once()
        assert place is not None
        tasks = [asyncio.create_task(gate.wait(10)) for _ in range(2)]
        await asyncio.sleep(0)
        gate.fail(ConnectionError)
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        assert [ConnectionError] * 2 == [type(each) for each in errors]
        assert errors[0] is not errors[1]
        gate.leave(place)
        assert place == gate.enter_at_once()

    async def test_waiter_may_be_cancelled_and_failed_at_the_same_time(self) -> None:
        """Its error is not handed on to anybody."""
        gate = LoopGate(1)
        gate.enter_at_once()
        waiting = asyncio.create_task(gate.wait(10))
        await asyncio.sleep(0)
        gate.fail(ConnectionError)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert gate.enter_at_once() is None

    async def test_waiter_doubts_now_and_then(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It tells since when it has waited, and still gives up in time."""
        monkeypatch.setattr(gates, "SECONDS_BETWEEN_DOUBTS", 0.02)
        gate, doubts = LoopGate(1), list[tuple[LoopGate, float]]()
        gate.enter_at_once()
        with pytest.raises(PoolTimeoutError):
            await gate.wait(0.1, lambda *told: doubts.append(told))
        assert 3 <= len(doubts) <= 6
        assert {(gate, doubts[0][1])} == {*doubts}


class TestLoopGates:
    def test_each_loop_has_a_gate_of_its_own(self) -> None:
        """The gate ends with its loop."""
        all_gates = LoopGates(1)

        async def here() -> LoopGate:
            assert all_gates.here() is all_gates.here()
            return all_gates.here()

        gate = ref(asyncio.run(here()))
        assert gate() is not asyncio.run(here())
        gc.collect()
        assert gate() is None
