"""One object per request, job or test: the scope, and the provider that keeps its object in it.

The context variable holds the scope itself and not what is in it, so a copied context,
as a thread pool's or a child task's, reaches the same objects.
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

from dependency_injector import providers

from sessionscope.lifetimes.errors import ScopeError, TeardownError
from sessionscope.lifetimes.held import Held, Leftover, hold
from sessionscope.lifetimes.loops import in_event_loop, run_to_completion
from sessionscope.lifetimes.names import Named, name_of

logger = logging.getLogger(__name__)

T = TypeVar("T")

HOW_TO_OPEN: Final = (
    "open one with `with scope():` or `async with scope():` around a job or a test; "
    "ScopeMiddleware opens one per HTTP request; a WebSocket opens one per message"
)

_current: ContextVar["Scope | None"] = ContextVar("scope", default=None)


class Scope:
    """What one request, job or test has made so far, and closes at its end.

    Entered with ``with``, or with ``async with`` where something in it closes
    asynchronously. Everything is closed in reverse order of creation, also when a
    close fails or the task is cancelled. Nothing is committed: what was not, is undone.
    """

    __slots__ = ("__weakref__", "_held", "_lock", "_loop", "_open", "_token")

    def __init__(self) -> None:
        self._held: dict[object, Held] = {}
        # Threads of one request may ask at the same time; making one object may ask for another.
        self._lock = RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open = False
        self._token: Any = None

    def get(self, provider: "ScopedResource[Any]", args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the object that *provider* has in this scope, made on the first call.

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
        """Give connections back now; sessions stay usable and begin anew with their next statement.

        In async code the result must be awaited; in a thread all is done on return.
        Objects that were loaded before are detached from their session.

        Raises:
            ScopeError: A session holds changes that were not committed.
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

    def holds(self, provider: object) -> bool:
        """Tell whether *provider* has an object in this scope."""
        return provider in self._held

    def drop(self, provider: object) -> Awaitable[None] | None:
        """Close the object of *provider* before the scope ends; its next call makes another.

        Returns an awaitable where the close is asynchronous; it goes on whether awaited or
        not, and the scope's end waits for it.
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
        self._held[task] = Leftover(task)
        return task

    def providers(self) -> "list[ScopedResource[Any]]":
        """Return the providers that have an object in this scope, oldest first."""
        return [provider for provider in self._held if isinstance(provider, ScopedResource)]

    async def empty(self, error: BaseException | None = None) -> None:
        """Close everything in the scope, which stays open: what is asked for next is made anew.

        Args:
            error: What the request or job failed with; generators get it at their ``yield``.

        Raises:
            TeardownError: Something could not be closed; everything else was.
        """
        failures: list[Exception] = []
        while self._held:
            provider, held = self._held.popitem()
            try:
                rest = held.start_closing(error)
            except Exception as failure:  # noqa: BLE001 - every one is closed, whatever an earlier one says
                failures.append(failure)
                continue
            if rest is not None:
                self._held[provider] = Leftover(rest)
                # From here in a task, which costs more than closing a session that holds nothing.
                await run_to_completion(self._empty(error, failures))
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
        _report(failures, error)

    async def _release(self) -> None:
        for held in list(self._held.values()):
            await held.release()

    def _enter(self) -> None:
        if self._token is not None:
            message = "this scope was entered before: make another with `scope()`"
            raise ScopeError(message)
        self._open = True
        self._token = _current.set(self)

    def _leave(self) -> None:
        self._open = False
        try:
            _current.reset(self._token)
        except ValueError:
            # Left in another context than entered, as a generator fixture's: that one never saw this scope.
            logger.debug("a scope was left in another context than it was entered in")

    def __enter__(self) -> Self:
        self._enter()
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        try:
            self._empty_now(error)
        finally:
            self._leave()

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
            self._leave()


def scope() -> Scope:
    """Return a new scope, to be entered with ``with`` or ``async with``; scopes nest and share nothing."""
    return Scope()


def current_scope() -> Scope:
    """Return the innermost open scope.

    Raises:
        ScopeError: None is open here.
    """
    current = _current.get()
    if current is None:
        message = f"no scope is open here: {HOW_TO_OPEN}"
        raise ScopeError(message)
    return current


class ScopedResource(Named[T], providers.Resource[T]):
    """A provider of one object per scope, closed at the scope's end.

    What it provides may be any callable whose result has a method to close it (``dispose()``,
    ``aclose()`` or ``close()``, the first that it has, sync or async), or a generator function
    that yields the object and cleans up after it. An async generator function makes the
    provider awaitable. Called outside a scope it raises `ScopeError`.
    An override gets the same lifetime: what it makes is kept and closed by the scope too.
    """

    _recipe: providers.Callable[T] | None = None

    def _provide(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        current = _current.get()
        if current is None:
            message = f"{name_of(self)} makes one object per scope, and no scope is open here: {HOW_TO_OPEN}"
            raise ScopeError(message)
        return current.get(self, args, kwargs)

    def make(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return a new object, whatever the scope holds; the caller closes it."""
        if self._recipe is None:
            self._recipe = providers.Callable(self.provides, *self.args, **self.kwargs)
        return self._recipe(*args, **kwargs)

    def override(self, provider: Any) -> Any:
        """Override as usual; what *provider* makes is kept by the scope, as this one's objects are."""
        replacement = _with_scope_lifetime(provider)
        if replacement is not provider:
            replacement.known_as = self.known_as
        return super().override(replacement)

    @property
    def initialized(self) -> bool:
        """Whether the current scope holds this provider's object."""
        current = _current.get()
        return current is not None and current.holds(self)

    def init(self) -> None:
        """Do nothing: an object is made when a scope first asks for it, never at start-up."""

    def shutdown(self) -> Awaitable[None] | None:
        """Close the current scope's object now, if it has one; the next call makes another."""
        current = _current.get()
        return current.drop(self) if current is not None else None


def _with_scope_lifetime(provider: Any) -> Any:
    if isinstance(provider, ScopedResource):
        return provider
    if isinstance(provider, providers.BaseResource):
        # Its own lifetime is the process or the context: the same session for concurrent requests.
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


# The library keeps what is injected in C, out of our reach: the recipe is a copy of it, made anew after each change.
for _name in ("set_provides", "set_args", "add_args", "clear_args", "set_kwargs", "add_kwargs", "clear_kwargs"):
    setattr(ScopedResource, _name, _forgets_recipe(_name))


class _Done:
    def __await__(self) -> Generator[None, None, None]:
        return
        yield


def _report(failures: list[Exception], error: BaseException | None) -> None:
    if not failures:
        return
    group = TeardownError("closing a scope", failures)
    if error is None:
        raise group
    # What the body failed with matters more; this goes with it.
    logger.error("closing a scope failed after %s", type(error).__name__, exc_info=group)
