"""asyncio's cancellation, made to wait for what anyio shields: above all for threads.

asyncio's own leaves a thread behind, perhaps in the middle of a statement: closing its connection
under it can crash the process, and lending it to others mixes two requests. anyio shields who waits
for a thread, but only from anyio's cancellation.
"""

import asyncio
from collections.abc import Awaitable, Generator
from typing import Any, Final

from anyio._backends import _asyncio

# There is no public way to ask whether a task is shielded now.
_ANYIO: Final[Any] = _asyncio


class WithItsThreads:
    """Awaits *work*; a cancellation that comes while it is shielded is delivered at its next wait that isn't.

    As if it were awaited directly in all else: in the same task, and at the cost of a look at each wait.

    Raises:
        CancelledError: The task was cancelled, also where *work* came to its end without a further wait.
    """

    __slots__ = ("_work",)

    def __init__(self, work: Awaitable[None]) -> None:
        self._work = work

    def __await__(self) -> Generator[Any, Any, None]:
        """Hand what is waited for up to the event loop, and what comes of it down to the work."""
        work: Any = self._work.__await__()
        task, is_cancelled = asyncio.current_task(), False
        step: Any = work.send
        given: Any = None
        while True:
            try:
                awaited = step(given)
            except StopIteration:
                break
            step, given = work.send, None
            is_shielded = _is_shielded(task)
            if is_cancelled and not is_shielded:
                is_cancelled = False
                if awaited is None:
                    step, given = work.throw, asyncio.CancelledError()
                    continue
                awaited.cancel()
            try:
                if is_shielded and awaited is not None:
                    is_cancelled |= yield from _Shield(awaited)
                else:
                    given = yield awaited
            except asyncio.CancelledError as error:
                if is_shielded:
                    is_cancelled = True
                else:
                    step, given = work.throw, error
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the work's
                step, given = work.throw, error
        if is_cancelled:
            raise asyncio.CancelledError


class _Shield(asyncio.Future[bool]):
    """The end of what is awaited, and whether the waiting was cancelled meanwhile, which ends nothing."""

    def __init__(self, awaited: Any) -> None:
        super().__init__()
        self._is_cancelled = False
        awaited.add_done_callback(self._end)

    def cancel(self, msg: Any | None = None) -> bool:  # noqa: ARG002 - delivered later, without it
        if self.done():
            return False
        self._is_cancelled = True
        return True

    def _end(self, _: object) -> None:
        if not self.done():
            self.set_result(self._is_cancelled)


def _is_shielded(task: asyncio.Task[Any] | None) -> bool:
    state = _ANYIO._task_states.get(task)  # noqa: SLF001
    cancel_scope = state.cancel_scope if state is not None else None
    while cancel_scope is not None:
        if cancel_scope.shield:
            return True
        cancel_scope = cancel_scope._parent_scope  # noqa: SLF001 - as above
    return False
