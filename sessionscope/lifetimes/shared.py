"""Objects that live as long as the process: built once, closed with the container, guarded against late overrides."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from inspect import isawaitable
from itertools import count
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import WeakSet

from dependency_injector import providers

from sessionscope.lifetimes.errors import LateOverrideError, NotOpenError, ScopeError
from sessionscope.lifetimes.held import Held, as_manager, has_to_be_awaited, hold_now, opened
from sessionscope.lifetimes.kinds import opens_asynchronously
from sessionscope.lifetimes.loops import finish
from sessionscope.lifetimes.names import Named, name_of
from sessionscope.lifetimes.scopes import current_scope

T = TypeVar("T")

# Numbers the objects in order of creation, as they are closed in reverse order.
_makings: Final = count()
# One lock for all: making an object may ask for others, which other threads may be making.
_making: Final = RLock()


class OverrideGuard(Named[T]):
    """Base class of `Shared` and `Setting`, which know the objects that were built from them."""

    _dependants: "WeakSet[Shared[Any]] | None" = None

    def feeds(self, dependant: "Shared[Any]") -> None:
        """Record that *dependant* was built from this provider's object."""
        if self._dependants is None:
            self._dependants = WeakSet()
        self._dependants.add(dependant)

    def override(self, provider: Any) -> Any:
        """Override as usual, as long as the override can still take effect.

        Raises:
            LateOverrideError: A living object was already built from this provider's object.
        """
        late = sorted(map(name_of, self._built_dependants())) + _made_in_scope(self)
        if late:
            raise LateOverrideError(name_of(self), late)
        return super().override(provider)

    def reset_last_overriding(self) -> None:
        """End the last override, and close the objects that were built from it."""
        replaced = self.last_overriding
        super().reset_last_overriding()
        self._close_built(replaced)

    def reset_override(self) -> None:
        """End every override, and close the objects that were built from them."""
        replaced = self.overridden
        super().reset_override()
        self._close_built(*replaced)

    def _built_dependants(self) -> "list[Shared[Any]]":
        return [dependant for dependant in self._dependants or () if dependant.built is not None]

    def _close_built(self, *overriding: Any) -> None:
        owned = [provider for provider in overriding if isinstance(provider, Shared)]
        for provider in sorted({*self._built_dependants(), *owned}, key=Shared.age, reverse=True):
            finish(provider.close())


class Setting(OverrideGuard[T], providers.Dependency[T]):
    """A value that the container gets from outside. Overriding it too late is an error."""


class Shared(OverrideGuard[T], providers.ThreadSafeSingleton[T]):
    """A provider of one object per process, made by the first call and closed with the container.

    It takes any callable. The object is closed by the first of ``dispose()``, ``aclose()`` and ``close()`` that it
    has; a generator function yields the object and cleans up afterwards. `open_container` opens what an async
    generator function, a coroutine function or an async context manager makes, in the event loop to which the
    object then belongs. From then on a call returns the object itself, without waiting.

    An override gets the same lifetime: it makes one object, which is closed too.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            provides: Callable[
                ...,
                T
                | Iterator[T]
                | AsyncIterator[T]
                | Awaitable[T]
                | AbstractContextManager[T]
                | AbstractAsyncContextManager[T],
            ]
            | str
            | None = None,
            *args: Any,
            **kwargs: Any,
        ) -> None: ...

    _held: Held | None = None
    _made_as: int = -1
    _turn: asyncio.Lock | None = None

    @property
    def built(self) -> T | None:
        """The object, or None if it was not made yet or has been closed."""
        return self._held.value if self._held is not None else None

    def age(self) -> int:
        """Return a number that grows with each object made in the process; -1 if there is no object."""
        return self._made_as if self._held is not None else -1

    def _provide(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        held = self._held
        if held is None:
            with _making:
                held = self._held or self._keep(hold_now(self._make_now(args, kwargs)))
        return held.value

    async def open(self) -> None:
        """Open the object if it is opened asynchronously and not open yet. Other objects wait for their first call."""
        is_asynchronous = opens_asynchronously(self.provides)
        if is_asynchronous is False:
            return
        # Two lifespans may open the same container at the same time; only one of them opens the object.
        self._turn = self._turn or asyncio.Lock()
        async with self._turn:
            if self._held is None:
                self._keep(await opened(self._make((), {})))

    def override(self, provider: Any) -> Any:
        """Override as `OverrideGuard.override` does. An overriding factory makes one object, which is closed too."""
        return super().override(self._with_process_lifetime(provider))

    def reset(self) -> Any:
        """Forget the object without closing it; the next call makes another. `close` also closes the object."""
        self._held = self._turn = None
        return super().reset()

    def close(self) -> Awaitable[None] | None:
        """Forget the object and close it; return an awaitable if that is asynchronous."""
        held = self._held
        self.reset()
        result = held.exit(None) if held is not None else None
        return result if isawaitable(result) else None

    def _make(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        recipe: Any = providers.Factory(self.provides, *self.args, **self.kwargs)
        recipe.set_attributes(**self.attributes)
        return as_manager(recipe(*args, **kwargs))

    def _make_now(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if opens_asynchronously(self.provides):
            raise NotOpenError(name_of(self))
        made = self._make(args, kwargs)
        if has_to_be_awaited(made):
            if asyncio.iscoroutine(made):
                made.close()
            raise NotOpenError(name_of(self))
        return made

    def _keep(self, held: Held) -> Held:
        self._made_as = next(_makings)
        self._held = held
        provider: providers.Provider[Any]
        for provider in self.traverse():
            if isinstance(provider, OverrideGuard):
                provider.feeds(self)
        return held

    def _with_process_lifetime(self, provider: Any) -> Any:
        if isinstance(provider, Shared):
            return provider
        replacement: Shared[Any]
        if isinstance(provider, providers.BaseResource):
            # A plain resource would not be closed at the end of the override.
            replacement = Shared(provider.provides, *provider.args, **provider.kwargs)
        elif isinstance(provider, providers.Factory | providers.Callable | providers.BaseSingleton):
            replacement = Shared(provider)
        else:
            return provider
        replacement.known_as = self.known_as
        return replacement


def _made_in_scope(provider: providers.Provider[Any]) -> list[str]:
    try:
        current = current_scope()
    except ScopeError:
        return []
    return [name_of(scoped) for scoped in current.providers() if provider in set(scoped.traverse())]
