"""One object per request, job or test: the scope, and the provider that keeps its object in the scope.

The context variable holds the scope itself, not the objects in it. So a copied context, for example that of
a thread pool or a child task, reaches the same objects.
"""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
import logging
from collections.abc import Awaitable, Generator
from contextvars import ContextVar
from threading import RLock
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from warnings import warn

from dependency_injector import providers

from sessionscope.code_lines import CodeLine, code_line
from sessionscope.lifetimes.errors import ScopeError, TeardownError
from sessionscope.lifetimes.held import Held, hold
from sessionscope.lifetimes.loops import in_event_loop, run_to_completion
from sessionscope.lifetimes.names import Named, name_of

logger = logging.getLogger(__name__)

T = TypeVar("T")

HOW_TO_OPEN: Final = (
    "open one with `with scope():` or `async with scope():` around a job or a test; "
    "ScopeMiddleware opens one per HTTP request; a WebSocket opens one per message"
)

scope_variable: ContextVar["Scope | None"] = ContextVar("scope", default=None)


class Scope:
    """The objects that one request, job or test has made, which are closed at its end.

    Enter a scope with ``with``, or with ``async with`` if an object in it closes asynchronously. Objects are
    closed in reverse order of creation, even if a close fails or the task is cancelled. The scope never
    commits: closing a session rolls back what was not committed.

    Attributes:
        origin: What the scope was opened for: the ASGI scope of a request, None for a job or a test.

    Warns:
        ResourceWarning: The scope was entered, and garbage-collected without having been left.
    """

    __slots__ = ("__weakref__", "_held", "_line", "_lock", "_loop", "_open", "_token", "origin")

    def __init__(self, origin: Any = None, *, line: CodeLine | None = None) -> None:
        self.origin = origin
        self._line = line
        self._held: dict[object, Held] = {}
        # Threads of one request may ask at the same time. Reentrant, as making an object may ask for another.
        self._lock = RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open = False
        self._token: Any = None

    def get(self, provider: "ScopedResource[Any]", args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the object of *provider* in this scope. The first call makes it.

        Raises:
            ScopeError: The scope has ended.
        """
        held = self._held.get(provider)
        if held is not None:
            return held.value
        with self._lock:
            held = self._held.get(provider)
            if held is None:
                if not self._open:
                    message = f"the scope has ended, {name_of(provider)} can't make anything in it: {HOW_TO_OPEN}"
                    raise ScopeError(message)
                held = hold(provider.make(args, kwargs), on_failure=lambda: self._held.pop(provider, None))
                self._held[provider] = held
        return held.value

    def release(self) -> Awaitable[None]:
        """Give connections back now. Sessions stay usable, and take a connection again for their next statement.

        In async code, await the result; in a thread, everything is done on return.
        Objects that were loaded before are detached from their session.

        Raises:
            ScopeError: A session has changes that were not committed.
        """
        for held in self._held.values():
            held.refuse_unsaved()
        if in_event_loop():
            return self._release()
        if self._loop is None:
            for held in self._held.values():
                held.release_now()
        else:
            asyncio.run_coroutine_threadsafe(self._release(), self._loop).result()
        return _Done()

    def holds(self, key: object) -> bool:
        """Tell whether a provider, or another *key*, has an object in this scope."""
        return key in self._held

    def keep(self, key: object, value: object) -> None:
        """Close *value* when the scope ends, as if a provider had made it.

        Args:
            key: What `holds` finds it by.
            value: An object with a method to close it.
        """
        self._held[key] = hold(value)

    def drop(self, provider: object) -> Awaitable[None] | None:
        """Close the object of *provider* before the scope ends; the next call of *provider* makes another.

        Returns an awaitable if the close is asynchronous. The close goes on even if you don't await it,
        and the end of the scope waits for it.
        """
        held = self._held.pop(provider, None)
        if held is None:
            return None
        if not in_event_loop():
            held.close_now(None)
            return None
        rest = held.start_closing(None)
        if rest is None:
            return None
        task = asyncio.ensure_future(rest)
        self._held[task] = _being_closed(task)
        return task

    def providers(self) -> "list[ScopedResource[Any]]":
        """Return the providers that have an object in this scope, oldest first."""
        return [provider for provider in self._held if isinstance(provider, ScopedResource)]

    async def empty(self, error: BaseException | None = None) -> None:
        """Close everything in the scope. The scope stays open, and makes new objects when they are asked for.

        Args:
            error: The exception of the request or job, if it failed; generators get it at their ``yield``.

        Raises:
            TeardownError: An object could not be closed; all others were closed.
        """
        failures: list[Exception] = []
        while self._held:
            provider, held = self._held.popitem()
            try:
                rest = held.start_closing(error)
            except Exception as failure:  # noqa: BLE001 - the others are closed even so
                failures.append(failure)
                continue
            if rest is not None:
                self._held[provider] = _being_closed(rest)
                # Only from here on in a task, which costs more than closing an idle session.
                await run_to_completion(self._empty(error, failures))
        if failures:
            _report(failures, error)

    async def _empty(self, error: BaseException | None, failures: list[Exception]) -> None:
        while self._held:
            _, held = self._held.popitem()
            try:
                await held.close(error)
            except asyncio.CancelledError:
                failures.append(ScopeError("a close was cancelled from within"))
            except Exception as failure:  # noqa: BLE001 - as above
                failures.append(failure)

    def _empty_now(self, error: BaseException | None) -> None:
        failures: list[Exception] = []
        while self._held:
            _, held = self._held.popitem()
            try:
                held.close_now(error)
            except Exception as failure:  # noqa: BLE001 - as above
                failures.append(failure)
        if failures:
            _report(failures, error)

    async def _release(self) -> None:
        for held in list(self._held.values()):
            await held.release()

    def _enter(self) -> None:
        if self._token is not None:
            message = "this scope was entered before: make another with `scope()`"
            raise ScopeError(message)
        self._open = True
        self._token = scope_variable.set(self)

    def leave(self) -> None:
        """Leave the scope without closing anything, as ``with`` does after it has closed everything."""
        self._open = False
        try:
            scope_variable.reset(self._token)
        except ValueError:
            # The scope was entered in another context, for example a generator fixture's: nothing to reset here.
            logger.debug("a scope was left in another context than it was entered in")

    def __enter__(self) -> Self:
        self._enter()
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        try:
            self._empty_now(error)
        finally:
            self.leave()

    async def __aenter__(self) -> Self:
        self._enter()
        self._loop = asyncio.get_running_loop()
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        try:
            await self.empty(error)
        finally:
            self.leave()

    def __del__(self) -> None:
        if self._open:
            held = ", ".join(name_of(provider) for provider in self.providers()) or "nothing"
            where = self._line or "an unknown line"
            message = f"a scope was entered and never left: made at {where}, it holds {held}; use `with`"
            warn(message, ResourceWarning, source=self, stacklevel=1)


def scope() -> Scope:
    """Return a new scope, which you enter with ``with`` or ``async with``. Scopes can be nested, and share nothing."""
    return Scope(line=code_line())


def current_scope() -> Scope:
    """Return the innermost open scope.

    Raises:
        ScopeError: No scope is open here.
    """
    current = scope_variable.get()
    if current is None:
        message = f"no scope is open here: {HOW_TO_OPEN}"
        raise ScopeError(message)
    return current


class ScopedResource(Named[T], providers.Resource[T]):
    """A provider of one object per scope, which is closed at the end of the scope.

    It takes any callable whose result has a method to close it (the first of ``dispose()``, ``aclose()`` and
    ``close()`` that exists, sync or async), or a generator function that yields the object and cleans up
    afterwards. An async generator function makes the provider awaitable. Outside a scope, a call raises
    `ScopeError`. An override gets the same lifetime: the scope keeps and closes what it makes.
    """

    _recipe: providers.Callable[T] | None = None

    def _provide(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        current = scope_variable.get()
        if current is None:
            message = f"{name_of(self)} makes one object per scope, and no scope is open here: {HOW_TO_OPEN}"
            raise ScopeError(message)
        return current.get(self, args, kwargs)

    def make(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return a new object, even if the scope has one already. The caller closes it."""
        if self._recipe is None:
            self._recipe = providers.Callable(self.provides, *self.args, **self.kwargs)
        return self._recipe(*args, **kwargs)

    def override(self, provider: Any) -> Any:
        """Override as usual. The scope keeps what *provider* makes, and closes it at the end."""
        replacement = _with_scope_lifetime(provider)
        if replacement is not provider:
            replacement.known_as = self.known_as
        return super().override(replacement)

    @property
    def initialized(self) -> bool:
        """Whether the current scope has an object of this provider."""
        current = scope_variable.get()
        return current is not None and current.holds(self)

    def init(self) -> None:
        """Do nothing: a scope makes the object when it first asks for it, never at start-up."""

    def shutdown(self) -> Awaitable[None] | None:
        """Close this provider's object in the current scope, if there is one; the next call makes another."""
        current = scope_variable.get()
        return current.drop(self) if current is not None else None


def _with_scope_lifetime(provider: Any) -> Any:
    if isinstance(provider, ScopedResource):
        return provider
    if isinstance(provider, providers.BaseResource):
        # A plain resource lives as long as the process or the context: concurrent requests would share a session.
        return ScopedResource(provider.provides, *provider.args, **provider.kwargs)
    if isinstance(provider, providers.Factory | providers.Callable):
        return ScopedResource(provider)
    return provider


def _forgets_recipe(name: str) -> Any:
    inherited = getattr(providers.Resource, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        self._recipe = None
        return inherited(self, *args, **kwargs)

    method.__name__ = name
    return method


# dependency-injector keeps the injections in C, out of our reach. The recipe is a copy, renewed after each change.
for _name in ("set_provides", "set_args", "add_args", "clear_args", "set_kwargs", "add_kwargs", "clear_kwargs"):
    setattr(ScopedResource, _name, _forgets_recipe(_name))


def _being_closed(rest: Awaitable[Any]) -> Held:
    """Return an object whose close is in progress: *rest* is what remains of it."""
    return Held(rest, lambda _: rest)


class _Done:
    def __await__(self) -> Generator[None, None, None]:
        return
        yield


def _report(failures: list[Exception], error: BaseException | None) -> None:
    group = TeardownError("closing a scope", failures)
    if error is None:
        raise group
    # The exception of the body matters more, so this one is only logged.
    logger.error("closing a scope failed after %s", type(error).__name__, exc_info=group)
