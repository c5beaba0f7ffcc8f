"""Delays asyncio's cancellation while anyio shields the task, above all while it waits for a thread.

asyncio's cancellation abandons the thread, perhaps in the middle of a statement. Closing the connection under that
thread can crash the process, and lending the connection to another request mixes the two. anyio shields a task that
waits for a thread, but only from anyio's own cancellation.
"""

import asyncio
from collections.abc import Awaitable, Generator
from typing import Any, Final

from anyio._backends import _asyncio

# anyio has no public function that tells whether a task is shielded now.
_ANYIO: Final[Any] = _asyncio


class WithItsThreads:
    """Awaits *work*. A cancellation that arrives while *work* is shielded is delivered at its next unshielded wait.

    Otherwise this is like awaiting *work* directly: it runs in the same task, and each wait costs one check.

    Raises:
        CancelledError: The task was cancelled, even if *work* finished without another wait.
    """

    __slots__ = ("_work",)

    def __init__(self, work: Awaitable[None]) -> None:
        self._work = work

    def __await__(self) -> Generator[Any, Any, None]:
        """Pass each awaitable up to the event loop, and its result down to the work."""
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
            except BaseException as error:  # noqa: BLE001 - the work handles it
                step, given = work.throw, error
        if is_cancelled:
            raise asyncio.CancelledError


class _Shield(asyncio.Future[bool]):
    """Waits for the end of *awaited*. A cancellation doesn't end the wait: the result says whether there was one."""

    def __init__(self, awaited: Any) -> None:
        super().__init__()
        self._is_cancelled = False
        awaited.add_done_callback(self._end)

    def cancel(self, msg: Any | None = None) -> bool:  # noqa: ARG002 - delivered later, without the message
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
