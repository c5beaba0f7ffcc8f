"""Objects of the whole process: built once, closed with the container, guarded against late overrides."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Awaitable
from typing import Any, TypeVar
from weakref import WeakSet

from dependency_injector import containers, providers

from containers.errors import LateOverrideError, ScopeError
from containers.loops import finish
from containers.scopes import current_scope

T = TypeVar("T")


class OverrideGuard(providers.Provider[T]):
    """What `Shared` and `Setting` have in common: they know what was built from them."""

    _dependants: "WeakSet[Shared[Any]] | None" = None

    def feeds(self, dependant: "Shared[Any]") -> None:
        """Remember that *dependant* was built from what this provides."""
        if self._dependants is None:
            self._dependants = WeakSet()
        self._dependants.add(dependant)

    def override(self, provider: Any) -> Any:
        """Override as usual, while that can still matter.

        Raises:
            LateOverrideError: Something alive was built from what is to be replaced.
        """
        late = [str(dependant) for dependant in self._built_dependants()] + _made_in_scope(self)
        if late:
            raise LateOverrideError(str(self), late)
        return super().override(provider)

    def reset_last_overriding(self) -> None:
        """End the last override, and close what was built from it."""
        replaced = self.last_overriding
        super().reset_last_overriding()
        self._close_built(replaced)

    def reset_override(self) -> None:
        """End every override, and close what was built from them."""
        replaced = self.overridden
        super().reset_override()
        self._close_built(*replaced)

    def _built_dependants(self) -> "list[Shared[Any]]":
        return [dependant for dependant in self._dependants or () if dependant.built is not None]

    def _close_built(self, *overriding: Any) -> None:
        owned = [provider for provider in overriding if isinstance(provider, Shared)]
        for provider in [*self._built_dependants(), *owned]:
            finish(provider.close())


class Setting(OverrideGuard[T], providers.Dependency[T]):
    """A value that a container is given from outside; overriding it too late is an error."""


class Shared(OverrideGuard[T], providers.ThreadSafeSingleton[T]):
    """One object for the process, built by the first call, disposed with the container.

    An override gets the same lifetime: a factory makes one object, which is disposed too.
    """

    built: T | None = None

    def _provide(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        instance = super()._provide(args, kwargs)  # type: ignore[misc]
        if instance is not self.built:
            self.built = instance
            provider: providers.Provider[Any]
            for provider in self.traverse():
                if isinstance(provider, OverrideGuard):
                    provider.feeds(self)
        return instance

    def override(self, provider: Any) -> Any:
        """As `OverrideGuard.override`; a recipe among the overrides is run once, and what it made is disposed."""
        is_recipe = isinstance(provider, providers.Factory | providers.Callable | providers.BaseSingleton)
        return super().override(Shared(provider) if is_recipe and not isinstance(provider, Shared) else provider)

    def reset(self) -> Any:
        """Forget the object; the next call builds another. `close` disposes of it as well."""
        self.built = None
        return super().reset()

    def close(self) -> Awaitable[None] | None:
        """Forget the object and dispose of it; return an awaitable where that is asynchronous."""
        built, self.built = self.built, None
        super().reset()
        dispose = getattr(built, "dispose", None)
        return dispose() if dispose is not None else None


async def close_container(container: containers.Container) -> None:
    """Dispose of everything that *container* built for the process; it can be used again afterwards."""
    for provider in list(container.traverse(types=[Shared])):
        result = provider.close()
        if result is not None:
            await result


def _made_in_scope(provider: providers.Provider[Any]) -> list[str]:
    try:
        current = current_scope()
    except ScopeError:
        return []
    return [str(scoped) for scoped in current.providers() if provider in set(scoped.traverse())]
