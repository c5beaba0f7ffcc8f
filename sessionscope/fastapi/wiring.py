"""Wiring for FastAPI: a marker that costs no thread, and modules that one container holds at a time."""

import gc
from collections.abc import Iterable, Iterator
from importlib import import_module
from inspect import isasyncgenfunction, isgeneratorfunction, signature
from pkgutil import walk_packages
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary, finalize

from dependency_injector import containers, wiring

from sessionscope.lifetimes.errors import WiringError

if TYPE_CHECKING:
    from collections.abc import Callable

# What is injected where is known in private places only.
_LIBRARY: Final[Any] = wiring

F = TypeVar("F", bound="Callable[..., Any]")

if TYPE_CHECKING:
    Provide = wiring.Provide
else:

    class Provide(wiring.Provide):
        """The library's marker, made awaitable.

        ``Depends(Provide[x])`` calls the marker for each request; FastAPI would send the
        library's own, which is a sync callable, through its thread pool.
        """

        async def __call__(self):  # noqa: ANN204 - not for a type checker
            """Return the marker, which `inject` replaces by the object."""
            return self


def inject(function: F) -> F:
    """Give a function the objects that its ``Provide[...]`` parameters name.

    Those parameters are gone from its signature, so FastAPI, which has no value for them, spends no time on them.

    Raises:
        TypeError: *function* is a generator: the wrapper would lose its exceptions and its teardown.
    """
    if isgeneratorfunction(function) or isasyncgenfunction(function):
        message = (
            f"@inject on the generator {function.__qualname__} would lose its exceptions and its teardown: "
            "inject a plain function, and let a ScopedResource provide what needs closing"
        )
        raise TypeError(message)
    injected: Any = wiring.inject(function)
    names = injected_names(injected)
    declared = signature(injected)
    left = [each for each in declared.parameters.values() if each.name not in names]
    injected.__signature__ = declared.replace(parameters=left)
    return injected  # type: ignore[no-any-return]


def injected_names(function: object) -> dict[str, bool]:
    """Return the names of the parameters that `inject` gives *function*, and whether a container is wired to each."""
    patched = _LIBRARY._patched_registry.get_callable(function)  # noqa: SLF001
    return {} if patched is None else {name: name in patched.injections for name in patched.reference_injections}


def injected_providers(function: object) -> dict[str, Any]:
    """Return the provider of each parameter that `inject` gives *function* from the container that is wired to it."""
    patched = _LIBRARY._patched_registry.get_callable(function)  # noqa: SLF001
    return {} if patched is None else dict(patched.injections)


def is_marker(thing: object) -> bool:
    """Tell whether *thing* is a ``Provide[...]``."""
    return isinstance(thing, _LIBRARY._Marker)  # noqa: SLF001


class GuardedContainer(containers.DynamicContainer):
    """A container that refuses to take modules over from another live one."""

    def wire(
        self,
        modules: Iterable[Any] | None = None,
        packages: Iterable[Any] | None = None,
        from_package: str | None = None,
        keep_cache: bool | None = None,
        warn_unresolved: bool = True,
    ) -> None:
        """Wire as the library does, with warnings for what can't be resolved; do nothing where that is done already.

        Raises:
            WiringError: Another live container is wired to one of the modules.
        """
        modules, packages = list(modules or ()), list(packages or ())
        names = [*_names(modules, from_package), *_names_inside(packages, from_package)]
        if names and all(_wired.get(name) is self for name in names):
            # The library looks at each method of each class that a module knows: 20 ms.
            return
        taken = self._taken(names)
        if taken:
            # An application that nobody uses any more may only wait for the garbage collector.
            gc.collect()
            taken = self._taken(names)
        if taken:
            raise WiringError(taken)
        super().wire(modules, packages, from_package, keep_cache, warn_unresolved)
        _wired.update(dict.fromkeys(names, self))

    def unwire(self) -> None:
        """Unwire as the library does, and leave the modules to others."""
        super().unwire()
        for name in [name for name, holder in _wired.items() if holder is self]:
            del _wired[name]

    def _taken(self, names: list[str]) -> list[str]:
        return [name for name in names if _wired.get(name, self) is not self]


def wire_for(app: object, container: containers.Container, modules: Iterable[Any]) -> None:
    """Wire *modules* for as long as *app* lives: one that is dropped without being run frees them too.

    Raises:
        WiringError: Another live container is wired to one of the modules.
    """
    # First, for another application of the container may be dropped while this one is being wired.
    users = _users.setdefault(container, WeakSet())
    users.add(app)
    try:
        container.wire(modules=modules)
    except BaseException:
        users.discard(app)
        raise
    finalize(app, _unwire_unused, container)


def _unwire_unused(container: containers.Container) -> None:
    # Listed, for a dying application still counts.
    if not list(_users.get(container, ())):
        container.unwire()


# The library wires modules, which are global: so is the knowledge of who holds them.
_wired: WeakValueDictionary[str, containers.Container] = WeakValueDictionary()
_users: WeakKeyDictionary[containers.Container, WeakSet[object]] = WeakKeyDictionary()


def _names(modules: Iterable[str | ModuleType], from_package: str | None) -> list[str]:
    return [import_module(each, from_package).__name__ if isinstance(each, str) else each.__name__ for each in modules]


def _names_inside(packages: Iterable[str | ModuleType], from_package: str | None) -> Iterator[str]:
    for name in _names(packages, from_package):
        yield name
        yield from (found.name for found in walk_packages(import_module(name).__path__, f"{name}."))
