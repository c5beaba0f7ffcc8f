"""What a scope holds: an object, and how it is closed and given back.

Three kinds: a value with a ``close()`` of its own, a context manager (what the library
makes of a generator function), and an asynchronous one, which is opened in a task.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from inspect import isawaitable, iscoroutinefunction
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread

from app.database.session import has_unsaved_changes
from containers.errors import ScopeError
from containers.loops import finish, in_event_loop

T = TypeVar("T")


class Held:
    """An object in a scope. The base holds a value that needs no closing."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    async def close(self, error: BaseException | None) -> None:
        """Close the object; a sync session that holds a transaction is closed in a thread."""
        rest = self.start_closing(error)
        if rest is not None:
            await rest

    def start_closing(self, error: BaseException | None) -> Awaitable[Any] | None:
        """Close the object as far as nothing has to be waited for; return the rest."""
        if not _blocks(self.value):
            result = self.exit(error)
            return result if isawaitable(result) else None
        # Not the server's thread pool: its threads may all be waiting for the connection that this gives back.
        return to_thread.run_sync(self.exit, error, limiter=CapacityLimiter(1))

    def close_now(self, error: BaseException | None) -> None:
        """Close the object without an event loop.

        Raises:
            ScopeError: The close has to wait while an event loop runs; it is left to that loop.
        """
        _finish_now(self.value, self.exit(error))

    async def release(self) -> None:
        """Give back the connection, where the object is a session."""
        if not hasattr(self.value, "reset"):
            return
        if _blocks(self.value):
            await to_thread.run_sync(self.value.reset, limiter=CapacityLimiter(1))
        elif isawaitable(result := self.value.reset()):
            await result

    def release_now(self) -> None:
        """As `release`, without an event loop."""
        if hasattr(self.value, "reset"):
            _finish_now(self.value, self.value.reset())

    def refuse_unsaved(self) -> None:
        """Raise `ScopeError` where giving the connection back would lose changes."""
        pending = any(getattr(self.value, name, ()) for name in ("new", "dirty", "deleted"))
        if pending or has_unsaved_changes(self.value):
            message = "a session holds changes that were not committed: commit or roll back before release()"
            raise ScopeError(message)

    def exit(self, error: BaseException | None) -> Any:
        """Start the close; return an awaitable where it goes on asynchronously."""


class Closable(Held):
    """A value with a ``close()``: a Session, an AsyncSession, a client."""

    __slots__ = ()

    def exit(self, error: BaseException | None) -> Any:  # noqa: ARG002
        """Close the value; it is never told of the error, for it never commits."""
        inner = getattr(self.value, "sync_session", None)
        if inner is not None and not inner.in_transaction():
            # An async session that holds no connection: nothing has to be waited for.
            return inner.close()
        return self.value.close()


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
    """An object that is made asynchronously; its value is the task that makes it."""

    __slots__ = ("_inner",)

    def __init__(self, made: Any, on_failure: Callable[[], object]) -> None:
        self._inner: Held | None = None
        task = asyncio.ensure_future(self._open(made))
        task.add_done_callback(lambda done: on_failure() if done.cancelled() or done.exception() else None)
        super().__init__(task)

    async def _open(self, made: Any) -> Any:
        if isawaitable(made):
            made = await made
        if _is_manager(made, AbstractAsyncContextManager) and not _closes(made):
            self._inner = AsyncEntered(await made.__aenter__(), made)
        else:
            self._inner = hold(made)
        return self._inner.value

    def start_closing(self, error: BaseException | None) -> Awaitable[Any]:
        """Close what was opened; stop opening what was not."""
        return self._close(error)

    async def _close(self, error: BaseException | None) -> None:
        self.value.cancel()
        await asyncio.wait([self.value])
        if self._inner is not None:
            await self._inner.close(error)

    def close_now(self, error: BaseException | None) -> None:  # noqa: ARG002
        """Refuse: what is opened by a task is closed by one."""
        message = "an asynchronously made object can't be closed here: enter the scope with `async with scope():`"
        raise ScopeError(message)

    async def release(self) -> None:
        """Give back the connection of what was opened."""
        if self._inner is not None:
            await self._inner.release()

    def refuse_unsaved(self) -> None:
        """As the base, of what was opened."""
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
    """A close that is under way already; its value is what to wait for."""

    __slots__ = ()

    def exit(self, error: BaseException | None) -> Any:  # noqa: ARG002
        """Wait for the close to end."""
        return self.value


def hold(made: Any, on_failure: Callable[[], object] = lambda: None) -> Held:
    """Return *made*, held the way it is closed.

    Args:
        made: What a provider's callable returned.
        on_failure: Called when something made asynchronously turns out not to be had.
    """
    if asyncio.isfuture(made) or asyncio.iscoroutine(made):
        return Opening(made, on_failure)
    # A session is a context manager too, but nothing is to be entered: it closes by close().
    if _closes(made):
        return Closable(made)
    if _is_manager(made, AbstractContextManager):
        return Entered(made)
    if _is_manager(made, AbstractAsyncContextManager):
        return Opening(made, on_failure)
    return Held(made)


def _closes(made: Any) -> bool:
    return callable(getattr(made, "close", None))


def _is_manager(made: Any, kind: type) -> bool:
    return isinstance(made, kind)


def _blocks(value: Any) -> bool:
    """Tell whether closing *value* may wait for a server while holding up the thread: a sync session's rollback."""
    return hasattr(value, "in_transaction") and not iscoroutinefunction(value.close) and not _is_idle(value)


def _finish_now(value: Any, result: Any) -> None:
    """See *result* through from sync code; say so where the code around is not sync at all."""
    if not isawaitable(result):
        return
    finish(result)
    if in_event_loop() and not _is_idle(value):
        message = f"closing {value!r} has to wait, which `with` can't: enter the scope with `async with scope():`"
        raise ScopeError(message)


def _is_idle(value: Any) -> bool:
    in_transaction = getattr(value, "in_transaction", None)
    return in_transaction is not None and not in_transaction()


def _triple(error: BaseException | None) -> tuple[Any, Any, Any]:
    return (None, None, None) if error is None else (type(error), error, error.__traceback__)
