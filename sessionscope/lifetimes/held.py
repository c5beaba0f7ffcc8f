"""Objects that a scope or the process holds, and how each is closed and released.

An object is closed by a method of its own, or by leaving its context manager (a generator becomes one). An
asynchronous context manager is opened in a task.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from functools import partial
from inspect import isasyncgen, isawaitable, isgenerator
from typing import Any

from anyio import CapacityLimiter, to_thread

from sessionscope.lifetimes.errors import ScopeError
from sessionscope.lifetimes.kinds import closer_of
from sessionscope.lifetimes.loops import finish, in_event_loop
from sessionscope.lifetimes.transactional import Transactional, transactional

# Ends an object, given the error that ended its scope.
End = Callable[[BaseException | None], Any]


class Held:
    """An object that is held, and the function that ends it.

    Args:
        value: The object.
        end: Called with the error that ended the scope, or None. It closes the object, and returns an awaitable if
            the close goes on asynchronously. A value without it needs no closing.
        state: How to treat the value if it is a session.
    """

    __slots__ = ("_end", "_state", "value")

    def __init__(self, value: Any, end: End | None = None, state: Transactional | None = None) -> None:
        self.value = value
        self._end = end
        self._state = state

    def exit(self, error: BaseException | None) -> Any:
        """Start the close; return an awaitable if it goes on asynchronously."""
        return self._end(error) if self._end is not None else None

    async def close(self, error: BaseException | None) -> None:
        """Close the object. A sync session in a transaction is closed in a thread."""
        rest = self.start_closing(error)
        if rest is not None:
            await rest

    def start_closing(self, error: BaseException | None) -> Awaitable[Any] | None:
        """Close the object as far as that needs no waiting; return an awaitable for the rest, if there is any."""
        if self._state is None or not self._state.blocks():
            result = self.exit(error)
            return result if isawaitable(result) else None
        # Not in the server's thread pool: all its threads may be waiting for the connection that this gives back.
        return to_thread.run_sync(self.exit, error, limiter=CapacityLimiter(1))

    def close_now(self, error: BaseException | None) -> None:
        """Close the object without an event loop.

        Raises:
            ScopeError: The close has to wait while an event loop runs. That loop finishes the close.
        """
        self._finish_now(self.exit(error))

    async def release(self) -> None:
        """Give the connection back if the object is a session."""
        if self._state is None:
            return
        if self._state.blocks():
            await to_thread.run_sync(self._state.release, limiter=CapacityLimiter(1))
        elif (result := self._state.release()) is not None:
            await result

    def release_now(self) -> None:
        """Release the object as `release` does, without an event loop."""
        if self._state is not None:
            self._finish_now(self._state.release())

    def refuse_unsaved(self) -> None:
        """Raise `ScopeError` if giving the connection back would lose changes."""
        if self._state is not None and self._state.has_uncommitted_changes():
            message = "a session holds changes that were not committed: commit or roll back before release()"
            raise ScopeError(message)

    def _finish_now(self, result: Any) -> None:
        if not isawaitable(result):
            return
        finish(result)
        if in_event_loop() and not (self._state is not None and self._state.is_idle()):
            message = (
                f"closing {self.value!r} has to wait, which `with` can't: enter the scope with `async with scope():`"
            )
            raise ScopeError(message)


class Opening(Held):
    """An object that is made asynchronously. Its value is the task that makes it."""

    __slots__ = ("_inner",)

    def __init__(self, made: Any, on_failure: Callable[[], object]) -> None:
        self._inner: Held | None = None
        task = asyncio.ensure_future(self._open(made))
        task.add_done_callback(lambda done: on_failure() if done.cancelled() or done.exception() else None)
        super().__init__(task)

    async def _open(self, made: Any) -> Any:
        self._inner = await opened(made)
        return self._inner.value

    def start_closing(self, error: BaseException | None) -> Awaitable[Any]:
        """Close the object; if it is still being opened, cancel that first."""
        return self._close(error)

    async def _close(self, error: BaseException | None) -> None:
        self.value.cancel()
        await asyncio.wait([self.value])
        if self._inner is not None:
            await self._inner.close(error)

    def close_now(self, error: BaseException | None) -> None:  # noqa: ARG002
        """Refuse to close: the object was opened in a task, so it must be closed in one."""
        message = "an asynchronously made object can't be closed here: enter the scope with `async with scope():`"
        raise ScopeError(message)

    async def release(self) -> None:
        """Give back the connection of the opened object."""
        if self._inner is not None:
            await self._inner.release()

    def refuse_unsaved(self) -> None:
        """Check the opened object for unsaved changes, as the base class does."""
        if self._inner is not None:
            self._inner.refuse_unsaved()


def hold(made: Any, on_failure: Callable[[], object] = lambda: None) -> Held:
    """Return *made* as a held object of the kind that knows how to close it.

    Args:
        made: What a provider's callable returned.
        on_failure: Called if opening the object asynchronously fails.
    """
    made = as_manager(made)
    return Opening(made, on_failure) if has_to_be_awaited(made) else hold_now(made)


def hold_now(made: Any) -> Held:
    """Return *made* as a held object. It is ready already, or it can be entered without waiting."""
    # A session is a context manager too, but it needs no entering.
    state = transactional(made)
    if state is not None:
        return Held(made, lambda _: state.close(), state)
    closer = closer_of(made)
    if closer is not None:
        return Held(made, lambda _: closer())
    return _entered(made.__enter__(), partial(_leave, made)) if isinstance(made, AbstractContextManager) else Held(made)


async def opened(made: Any) -> Held:
    """Open *made*, or what it awaits to, and return it as a held object."""
    if _is_awaitable(made):
        made = as_manager(await made)
    if isinstance(made, AbstractAsyncContextManager) and closer_of(made) is None:
        return _entered(await made.__aenter__(), partial(_leave_asynchronously, made))
    return hold_now(made)


def as_manager(made: Any) -> Any:
    """Return a generator as a context manager, and anything else unchanged."""
    if isgenerator(made):
        return contextmanager(partial(_itself, made))()
    return asynccontextmanager(partial(_itself, made))() if isasyncgen(made) else made


def has_to_be_awaited(made: Any) -> bool:
    """Tell whether *made* must be awaited: a coroutine, or an async context manager that can't be used unentered."""
    if _is_awaitable(made):
        return True
    return (
        isinstance(made, AbstractAsyncContextManager)
        and not isinstance(made, AbstractContextManager)
        and closer_of(made) is None
    )


def _entered(value: Any, leave: End) -> Held:
    return Held(value, leave, transactional(value))


def _itself(made: Any) -> Any:
    return made


def _is_awaitable(made: Any) -> bool:
    return asyncio.isfuture(made) or isinstance(made, Coroutine)


def _leave(manager: AbstractContextManager[Any], error: BaseException | None) -> None:
    """Leave the context manager with the error that ended the scope."""
    try:
        manager.__exit__(*_triple(error))
    except BaseException as raised:
        if raised is not error:
            raise


async def _leave_asynchronously(manager: AbstractAsyncContextManager[Any], error: BaseException | None) -> None:
    try:
        await manager.__aexit__(*_triple(error))
    except BaseException as raised:
        if raised is not error:
            raise


def _triple(error: BaseException | None) -> tuple[Any, Any, Any]:
    return (None, None, None) if error is None else (type(error), error, error.__traceback__)
