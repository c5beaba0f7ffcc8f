"""What a provider makes, and what it is overridden with."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from typing import Any, Final

from dependency_injector import providers

from sessionscope.lifetimes.kinds import class_made_by, recipe_of
from sessionscope.lifetimes.paths import Reference

# What makes nothing itself, but gives what other providers make.
_COLLECTIONS: Final = (providers.Selector, providers.Aggregate, providers.List, providers.Dict)
_CONFIGURATION: Final = (providers.Configuration, providers.ConfigurationOption)
# What an overridden provider may have put around its override, to give it its own lifetime.
_WRAPPERS: Final = (providers.BaseSingleton, providers.BaseResource)


def made_by(provider: Any) -> str:
    """Return the name of the class that *provider* makes, or of the function that makes it; empty if there is none."""
    if isinstance(provider, (*_COLLECTIONS, *_CONFIGURATION)) or Reference.to(provider).steps:
        return ""
    if isinstance(provider, providers.Dependency):
        return "" if provider.instance_of is object else provider.instance_of.__name__
    if isinstance(provider, providers.Object):
        # A value may be a secret, its class is not.
        value = provider.provides
        return value.__name__ if isinstance(value, type) else type(value).__name__
    made = class_made_by(provider)
    return made.__name__ if made is not None else getattr(recipe_of(provider), "__name__", "")


def makes_something(provider: Any) -> bool:
    """Tell whether *provider* is more than a way to reach other providers."""
    if isinstance(provider, providers.Dependency):
        return True
    is_way = isinstance(provider, (*_COLLECTIONS, *_CONFIGURATION, providers.Object))
    return not is_way and recipe_of(provider) is not None


def override_of(provider: Any) -> Any:
    """Return what *provider* is overridden with, or None. What a dependency was given first is not an override."""
    if not provider.overridden:
        return None
    last = provider.last_overriding
    # A container that nests another one gives the value once for the class, and once for the instance.
    if isinstance(provider, providers.Dependency) and Reference.to(provider.overridden[0]) == Reference.to(last):
        return None
    return unwrapped(last)


def unwrapped(provider: Any) -> Any:
    """Return the provider inside *provider*, if that only gives it another lifetime."""
    inner = provider.provides if isinstance(provider, _WRAPPERS) else None
    return inner if providers.is_provider(inner) else provider
