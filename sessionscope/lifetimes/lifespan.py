"""Opens and closes the objects that live as long as the process; an application's lifespan calls these functions."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import Any, Final

from dependency_injector import containers, providers

from sessionscope.lifetimes.errors import TeardownError
from sessionscope.lifetimes.scopes import ScopedResource
from sessionscope.lifetimes.shared import OverrideGuard, Shared


async def open_container(container: containers.Container) -> None:
    """Open every `Shared` of *container* that is opened asynchronously, such as brokers, clients and pools.

    Each object is opened after those that it depends on, and belongs to the running event loop. Objects that are
    already open stay open, overridden providers are not opened, and all other objects are built on first use. Of
    the options of a `Selector`, only the one that the settings select is opened. `close_container` closes them.

    Raises:
        Exception: Opening an object raised it; the objects that were opened before are closed again.
    """
    try:
        for provider in _in_order(container.providers.values()):
            if isinstance(provider, Shared):
                await provider.open()
    except BaseException:
        await close_container(container)
        raise


@asynccontextmanager
async def container_lifespan(container: containers.Container) -> AsyncGenerator[None, None]:
    """Open *container* for the block, and close it at its end. An application's lifespan uses this.

    Raises:
        Exception: Opening an object raised it; the objects that were opened before are closed again.
        TeardownError: An object could not be closed; all others were closed.
    """
    try:
        await open_container(container)
        yield
    finally:
        await close_container(container)


async def close_container(container: containers.Container) -> None:
    """Close everything that *container* has made for the process. You can use the container again afterwards.

    Objects are closed in reverse order of creation, each of them even if another's close fails. Initialized
    resources of dependency-injector are shut down too. Call this from the task that opened the container.

    Raises:
        TeardownError: An object could not be closed; all others were closed.
    """
    failures: list[Exception] = []
    cancelled: asyncio.CancelledError | None = None
    for provider in to_close(container):
        try:
            result = close(provider)
            if isawaitable(result):
                await result
        except asyncio.CancelledError as error:
            cancelled = error
        except Exception as failure:  # noqa: BLE001 - the others are closed even so
            failures.append(failure)
    if failures:
        raise TeardownError("closing a container", failures) from cancelled
    if cancelled is not None:
        raise cancelled


def to_close(container: containers.Container) -> list[Any]:
    """Return the providers that have an object for `close_container` to close, in the order in which it closes them."""
    made = [
        (_age(provider), place, provider)
        for place, provider in enumerate(_in_order(container.providers.values(), with_replaced=True))
        if _has_object(provider)
    ]
    return [provider for _, _, provider in sorted(made, key=lambda each: each[:2], reverse=True)]


def close(provider: Any) -> Any:
    """Close the object of one of those providers; return an awaitable if that is asynchronous."""
    return provider.close() if isinstance(provider, Shared) else provider.shutdown()


def _has_object(provider: Any) -> bool:
    if isinstance(provider, Shared):
        return provider.built is not None
    # A scope closes its own objects.
    return (
        isinstance(provider, providers.BaseResource)
        and not isinstance(provider, ScopedResource)
        and provider.initialized
    )


def _age(provider: Any) -> int:
    """Return when the object was made; for a plain resource, when the newest object that it depends on was made."""
    if isinstance(provider, Shared):
        return provider.age()
    return max((taken.age() for taken in provider.traverse(types=[Shared])), default=-1)


def _in_order(
    those: Iterable[Any], visited: set[Any] | None = None, *, with_replaced: bool = False
) -> Iterator[providers.Provider[Any]]:
    """Yield *those* providers and all that they depend on, each after its dependencies.

    Args:
        those: Where to begin.
        visited: The providers that were yielded already, or are about to be.
        with_replaced: Whether to yield providers that are overridden at present.
    """
    visited = set() if visited is None else visited
    for provider in those:
        if provider in visited:
            continue
        visited.add(provider)
        is_replaced = provider.overridden and not isinstance(provider, providers.Container) and not with_replaced
        if is_replaced:
            taken = iter([provider.last_overriding])
        elif with_replaced or not isinstance(provider, providers.Selector):
            taken = iter(provider.related)
        else:
            taken = _needed_by(provider)
        yield from _in_order(taken, visited, with_replaced=with_replaced)
        if not is_replaced:
            yield provider


def _needed_by(selector: "providers.Selector[Any]") -> Iterator[Any]:
    """Yield what *selector* depends on, with the selected option alone if no call can select another."""
    selection: Any = selector.selector
    if not providers.is_provider(selection) or not all(
        isinstance(each, _SETTLED) for each in (selection, *selection.traverse())
    ):
        yield from selector.related
        return
    # What it is read from comes first, and is open when the generator goes on.
    yield selection
    selected = selector.providers.get(selection())
    if selected is not None:
        yield selected


# What these providers give doesn't change while the container is open.
_SETTLED: Final = (
    OverrideGuard,
    providers.Object,
    providers.ProvidedInstance,
    providers.AttributeGetter,
    providers.ItemGetter,
)
