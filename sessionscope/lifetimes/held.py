"""Objects that a scope or the process holds, and how each is closed and released.

There are three kinds: a value with a method to close it, a context manager (a generator becomes one), and an
asynchronous context manager, which a scope opens in a task.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from functools import partial
from inspect import isasyncgen, isawaitable, isgenerator
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread

from sessionscope.lifetimes.errors import ScopeError
from sessionscope.lifetimes.kinds import closer_of, is_async_manager, is_manager
from sessionscope.lifetimes.loops import finish, in_event_loop
from sessionscope.lifetimes.transactional import transactional

T = TypeVar("T")


class Held:
    """An object that is held. This base class holds a value that needs no closing."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    async def close(self, error: BaseException | None) -> None:
        """Close the object. A sync session in a transaction is closed in a thread."""
        rest = self.start_closing(error)
        if rest is not None:
            await rest

    def start_closing(self, error: BaseException | None) -> Awaitable[Any] | None:
        """Close the object as far as that needs no waiting; return an awaitable for the rest, if there is any."""
        state = transactional(self.value)
        if state is None or not state.blocks():
            result = self.exit(error)
            return result if isawaitable(result) else None
        # Not in the server's thread pool: all its threads may be waiting for the connection that this gives back.
        return to_thread.run_sync(self.exit, error, limiter=CapacityLimiter(1))

    def close_now(self, error: BaseException | None) -> None:
        """Close the object without an event loop.

        Raises:
            ScopeError: The close has to wait while an event loop runs. That loop finishes the close.
        """
        _finish_now(self.value, self.exit(error))

    async def release(self) -> None:
        """Give the connection back if the object is a session."""
        state = transactional(self.value)
        if state is None:
            return
        if state.blocks():
            await to_thread.run_sync(state.release, limiter=CapacityLimiter(1))
        elif (result := state.release()) is not None:
            await result

    def release_now(self) -> None:
        """Release the object as `release` does, without an event loop."""
        state = transactional(self.value)
        if state is not None:
            _finish_now(self.value, state.release())

    def refuse_unsaved(self) -> None:
        """Raise `ScopeError` if giving the connection back would lose changes."""
        state = transactional(self.value)
        if state is not None and state.has_uncommitted_changes():
            message = "a session holds changes that were not committed: commit or roll back before release()"
            raise ScopeError(message)

    def exit(self, error: BaseException | None) -> Any:
        """Start the close; return an awaitable if it goes on asynchronously."""


class Closable(Held):
    """A value with a ``dispose()``, ``aclose()`` or ``close()``: an engine, a session, a client."""

    __slots__ = ()

    def exit(self, error: BaseException | None) -> Any:  # noqa: ARG002
        """Close the value. It never commits, so it doesn't need to know the error."""
        state = transactional(self.value)
        if state is not None:
            return state.close()
        closer = closer_of(self.value)
        return closer() if closer is not None else None


class Entered(Held):
    """The value of a context manager."""

    __slots__ = ("_manager",)

    def __init__(self, manager: AbstractContextManager[Any]) -> None:
        super().__init__(manager.__enter__())
        self._manager = manager

    def exit(self, error: BaseException | None) -> Any:
        """Leave the context manager with the error that ended the scope."""
        try:
            self._manager.__exit__(*_triple(error))
        except BaseException as raised:
            if raised is not error:
                raise


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


class AsyncEntered(Held):
    """The value of an async context manager."""

    __slots__ = ("_manager",)

    def __init__(self, value: Any, manager: AbstractAsyncContextManager[Any]) -> None:
        super().__init__(value)
        self._manager = manager

    def exit(self, error: BaseException | None) -> Any:
        """Leave the context manager with the error that ended the scope."""
        return self._leave(error)

    async def _leave(self, error: BaseException | None) -> None:
        try:
            await self._manager.__aexit__(*_triple(error))
        except BaseException as raised:
            if raised is not error:
                raise


class Leftover(Held):
    """A close that is already in progress. Its value is the awaitable of that close."""

    __slots__ = ()

    def exit(self, error: BaseException | None) -> Any:  # noqa: ARG002
        """Wait for the close to end."""
        return self.value


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
    # A session is a context manager too, but it needs no entering, and has a close().
    if closer_of(made) is not None:
        return Closable(made)
    return Entered(made) if is_manager(made.__class__) else Held(made)


async def opened(made: Any) -> Held:
    """Open *made*, or what it awaits to, and return it as a held object."""
    if _is_awaitable(made):
        made = as_manager(await made)
    if is_async_manager(made.__class__) and closer_of(made) is None:
        return AsyncEntered(await made.__aenter__(), made)
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
    return is_async_manager(made.__class__) and not is_manager(made.__class__) and closer_of(made) is None


def _itself(made: Any) -> Any:
    return made


def _is_awaitable(made: Any) -> bool:
    return asyncio.isfuture(made) or isinstance(made, Coroutine)


def _finish_now(value: Any, result: Any) -> None:
    """Finish *result* from sync code, or raise `ScopeError` if an event loop is running."""
    if not isawaitable(result):
        return
    finish(result)
    if in_event_loop() and not _is_idle(value):
        message = f"closing {value!r} has to wait, which `with` can't: enter the scope with `async with scope():`"
        raise ScopeError(message)


def _is_idle(value: Any) -> bool:
    state = transactional(value)
    return state is not None and state.is_idle()


def _triple(error: BaseException | None) -> tuple[Any, Any, Any]:
    return (None, None, None) if error is None else (type(error), error, error.__traceback__)
