"""Runs work to its end in spite of cancellation, for a limited time, and from code that can't await."""

import asyncio
from collections.abc import Awaitable, Coroutine
from inspect import isawaitable
from typing import Any, TypeVar

from anyio import CancelScope

T = TypeVar("T")


async def run_to_completion(work: Coroutine[Any, Any, T]) -> T:
    """Run *work* to its end even if the calling task is cancelled meanwhile, and raise the cancellation then.

    The separate task protects the work from asyncio's cancellation. The shield protects it from anyio's,
    which is repeated as long as the calling task runs.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    with CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
    if cancelled is not None and task.exception() is None:
        raise cancelled
    return task.result()


async def result_within(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Return the result of *work*. If there is none in time, cancel the work, and don't wait for its end.

    To cancel a statement, drivers ask the server for it. If the server is silent, psycopg gives up after ten seconds.

    Raises:
        TimeoutError: There is no result within *seconds*.
    """
    task = asyncio.ensure_future(work)
    _keep(task)
    try:
        await asyncio.wait([task], timeout=seconds)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        task.cancel()


def finish(result: object) -> None:
    """Finish an awaitable from sync code: in a task of the running event loop, or in an event loop of its own."""
    if not isawaitable(result):
        return
    if in_event_loop():
        _keep(asyncio.ensure_future(_await(result)))
    else:
        asyncio.run(_await(result))


def in_event_loop() -> bool:
    """Tell whether this thread is running an event loop, which must not be blocked."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _await(result: Awaitable[Any]) -> None:
    await result


def _keep(task: asyncio.Task[Any]) -> None:
    """Keep *task* until it is done: a loop keeps only weak references to its tasks."""
    _finishing.add(task)
    task.add_done_callback(_finishing.discard)


_finishing: set[asyncio.Task[Any]] = set()
