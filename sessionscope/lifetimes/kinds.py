"""Tells from a recipe's signature what it makes: a generator, an awaitable, or an object to close."""

from asyncio import Future
from collections.abc import Awaitable, Callable, Coroutine
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction, unwrap
from typing import Any, Final, get_origin, get_type_hints

from dependency_injector import providers

# The first of these methods that an object has closes it.
CLOSERS: Final = ("dispose", "aclose", "close")


def closer_of(value: Any) -> Callable[[], Any] | None:
    """Return the method that closes *value*, or None if it has none."""
    if isinstance(value, type):
        return None
    return next((closer for name in CLOSERS if callable(closer := getattr(value, name, None))), None)


def recipe_of(provider: Any) -> Any:
    """Return the function or class that *provider* finally calls, without its wrappers."""
    while providers.is_provider(provider):
        provider = getattr(provider, "provides", None)
    return unwrap(provider) if callable(provider) else None


def made_by(provider: Any) -> Any:
    """Return the class that *provider* makes, or its recipe's return annotation; None if there is none."""
    recipe = recipe_of(provider)
    if recipe is None or isinstance(recipe, type):
        return recipe
    try:
        return get_type_hints(recipe).get("return")
    except (TypeError, NameError):
        return None


def class_made_by(provider: Any) -> type[Any] | None:
    """Return the class that *provider* makes, without type parameters, or None if it isn't known."""
    made: Any = made_by(provider)
    made = get_origin(made) or made
    return made if isinstance(made, type) else None


def is_generator(provider: Any) -> bool:
    """Tell whether *provider* makes a generator, sync or async, whose first value is the object."""
    recipe = recipe_of(provider)
    return isgeneratorfunction(recipe) or isasyncgenfunction(recipe)


def opens_asynchronously(provider: Any) -> bool | None:
    """Tell whether what *provider* makes has to be awaited before it can be used.

    That is so for a coroutine, an async generator, and an async context manager without a method to close it.
    An async context manager with such a method, for example an HTTP client, is usable without being entered.

    Returns:
        None if only a call would tell.
    """
    recipe = recipe_of(provider)
    if iscoroutinefunction(recipe) or isasyncgenfunction(recipe):
        return True
    if isgeneratorfunction(recipe):
        return False
    made = class_made_by(provider)
    if made is None:
        return None
    if made is Awaitable or issubclass(made, Coroutine | Future):
        return True
    return is_async_manager(made) and not is_closable(made) and not is_manager(made)


def is_closable(made: type[Any]) -> bool:
    """Tell whether objects of the class *made* have a method to close them."""
    return any(callable(getattr(made, name, None)) for name in CLOSERS)


def is_manager(made: type[Any]) -> bool:
    """Tell whether objects of the class *made* can be entered with ``with``."""
    return hasattr(made, "__enter__") and hasattr(made, "__exit__")


def is_async_manager(made: type[Any]) -> bool:
    """Tell whether objects of the class *made* can be entered with ``async with``."""
    return hasattr(made, "__aenter__") and hasattr(made, "__aexit__")
