"""Delays asyncio's cancellation while anyio shields the task, above all while it waits for a thread.

asyncio's cancellation abandons the thread, perhaps in the middle of a statement. Closing the connection under that
thread can crash the process, and lending the connection to another request mixes the two. anyio shields a task that
waits for a thread, but only from anyio's own cancellation.
"""

import asyncio
from collections.abc import Awaitable, Generator
from math import inf
from typing import Any, Final

from anyio import CancelScope, current_effective_deadline

# The deadline of the scope around the work: so far away that it never comes, but finite. anyio has no function that
# tells whether a task is shielded, but in a shield its effective deadline is infinite.
_NEVER_SECONDS: Final = 10.0**9


class WithItsThreads:
    """Awaits *work*. A cancellation that arrives while *work* is shielded is delivered at its next unshielded wait.

    Otherwise this is like awaiting *work* directly: it runs in the same task, and each wait costs one check. A shield
    that has a deadline of its own doesn't delay the cancellation, but a thread inside it does.

    Raises:
        CancelledError: The task was cancelled, even if *work* finished without another wait.
    """

    __slots__ = ("_work",)

    def __init__(self, work: Awaitable[None]) -> None:
        self._work = work

    def __await__(self) -> Generator[Any, Any, None]:
        """Pass each awaitable up to the event loop, and its result down to the work."""
        is_cancelled = False
        with CancelScope(deadline=asyncio.get_running_loop().time() + _NEVER_SECONDS):  # noqa: ASYNC100 - for `_delayed`
            is_cancelled = yield from _delayed(self._work.__await__())
        if is_cancelled:
            raise asyncio.CancelledError


def _delayed(work: Any) -> Generator[Any, Any, bool]:
    """Run *work*; return whether a cancellation could not be delivered, because nothing was waited for any more."""
    is_cancelled = False
    step: Any = work.send
    given: Any = None
    while True:
        try:
            awaited = step(given)
        except StopIteration:
            return is_cancelled
        step, given = work.send, None
        is_shielded = current_effective_deadline() == inf
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
