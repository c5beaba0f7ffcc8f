"""How long the objects of a provider live."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from typing import Any, Final

from dependency_injector import providers

from sessionscope.lifetimes.check import is_process_wide
from sessionscope.lifetimes.scopes import ScopedResource
from sessionscope.observe.wiring.graph import Lifetime

# What gives the same value each time, without making anything.
_CONSTANT: Final = (
    providers.Object,
    providers.Delegate,
    providers.Dependency,
    providers.Configuration,
    providers.ConfigurationOption,
)
_PARTS: Final = (providers.ProvidedInstance, providers.AttributeGetter, providers.ItemGetter)


def lifetime_of(provider: Any) -> Lifetime:
    """Return the lifetime of what *provider* gives, which is that of its override if it has one."""
    while provider.overridden or isinstance(provider, _PARTS):
        provider = provider.last_overriding if provider.overridden else provider.provides
    if isinstance(provider, ScopedResource):
        return Lifetime.SCOPE
    if isinstance(provider, providers.ContextLocalResource | providers.ContextLocalSingleton):
        return Lifetime.CONTEXT
    if isinstance(provider, providers.ThreadLocalSingleton):
        return Lifetime.THREAD
    return Lifetime.PROCESS if is_process_wide(provider) or isinstance(provider, _CONSTANT) else Lifetime.CALL
