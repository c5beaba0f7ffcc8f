"""Opening and closing what lives as long as the process: the container's part in an application's lifespan."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
from collections.abc import Iterable, Iterator
from inspect import isawaitable
from typing import Any

from dependency_injector import containers, providers

from sessionscope.lifetimes.errors import TeardownError
from sessionscope.lifetimes.scopes import ScopedResource
from sessionscope.lifetimes.shared import Shared


async def open_container(container: containers.Container) -> None:
    """Open every `Shared` of *container* that takes an event loop to open: brokers, clients, pools.

    Each is opened after those that it takes, and belongs to the running event loop. What is open stays as it is,
    what is overridden is not opened, and everything else is built by its first use. `close_container` closes.

    Raises:
        Exception: What an opening raised; what was opened before is closed again.
    """
    try:
        for provider in _in_order(container.providers.values()):
            if isinstance(provider, Shared):
                await provider.open()
    except BaseException:
        await close_container(container)
        raise


async def close_container(container: containers.Container) -> None:
    """Close everything that *container* has made for the process; it can be used again afterwards.

    The object that was made last is closed first, and every one is closed even if another's close fails. So are the
    library's own resources that were initialized. Call it from the task that opened the container.

    Raises:
        TeardownError: Something could not be closed; everything else was.
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
        except Exception as failure:  # noqa: BLE001 - every one is closed, whatever an earlier one says
            failures.append(failure)
    if failures:
        raise TeardownError("closing a container", failures) from cancelled
    if cancelled is not None:
        raise cancelled


def to_close(container: containers.Container) -> list[Any]:
    """Return the providers whose objects `close_container` closes, in that order; most often few have one."""
    made = [
        (_age(provider), place, provider)
        for place, provider in enumerate(_in_order(container.providers.values(), with_replaced=True))
        if _has_object(provider)
    ]
    return [provider for _, _, provider in sorted(made, key=lambda each: each[:2], reverse=True)]


def close(provider: Any) -> Any:
    """Close the object of one of those providers; return an awaitable where that is asynchronous."""
    return provider.close() if isinstance(provider, Shared) else provider.shutdown()


def _has_object(provider: Any) -> bool:
    if isinstance(provider, Shared):
        return provider.built is not None
    # What a scope keeps is the scope's to close.
    return (
        isinstance(provider, providers.BaseResource)
        and not isinstance(provider, ScopedResource)
        and provider.initialized
    )


def _age(provider: Any) -> int:
    """Return when the object was made: of a resource of the library's, when the last was that it takes."""
    if isinstance(provider, Shared):
        return provider.age()
    return max((taken.age() for taken in provider.traverse(types=[Shared])), default=-1)


def _in_order(
    those: Iterable[Any], visited: set[Any] | None = None, *, with_replaced: bool = False
) -> Iterator[providers.Provider[Any]]:
    """Yield *those* and every provider that they take, each after the ones that it takes.

    Args:
        those: Where to begin.
        visited: The providers that were yielded already, or are about to be.
        with_replaced: Whether to yield what an override has replaced for now.
    """
    visited = set() if visited is None else visited
    for provider in those:
        if provider in visited:
            continue
        visited.add(provider)
        is_replaced = provider.overridden and not isinstance(provider, providers.Container) and not with_replaced
        yield from _in_order(
            [provider.last_overriding] if is_replaced else provider.related, visited, with_replaced=with_replaced
        )
        if not is_replaced:
            yield provider
