"""What goes into the objects of a provider, as it is written in the container."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from dependency_injector import providers

from sessionscope.lifetimes.paths import Reference
from sessionscope.observe.wiring.graph import How

# Kinds that call a recipe with arguments. Others are only asked for what is related to them: configurations,
# containers of dependencies, and what follows `.provided` take any name for one of their own.
_CALLING: Final = (providers.Callable, providers.Factory, providers.BaseSingleton, providers.BaseResource)


@dataclass(frozen=True)
class Injection:
    """A provider that another one takes.

    Attributes:
        provider: The provider itself, without what is written after it.
        how: What of it is taken.
        part: Which part, if it is a part.
    """

    provider: Any
    how: How
    part: str = ""


def injections_of(provider: Any) -> Iterator[Injection]:
    """Yield what *provider* takes. An overridden one takes what its override takes."""
    if provider.overridden:
        yield from _written(provider.last_overriding)
    elif isinstance(provider, providers.Configuration):
        return  # what is related to it are its own options
    elif isinstance(provider, _CALLING):
        yield from _of_recipe(provider)
    elif Reference.to(provider).steps:
        yield from _written(provider)
    else:
        for related in provider.related:
            yield from _written(related)


def _of_recipe(provider: Any) -> Iterator[Injection]:
    for given in (provider.provides, *provider.args, *provider.kwargs.values(), *_attributes(provider)):
        if providers.is_provider(given):
            yield from _written(given)


def _attributes(provider: Any) -> tuple[Any, ...]:
    """Return what is set on the object after it was made, which only some kinds do."""
    if isinstance(provider, providers.Factory | providers.BaseSingleton):
        return tuple(provider.attributes.values())
    return ()


def _written(given: Any) -> Iterator[Injection]:
    """Yield the provider that *given* begins with, and those in the calls that are written after it."""
    reference = Reference.to(given)
    yield Injection(reference.root, _how(reference), part_of(reference))
    for step in reference.steps:
        if isinstance(step, providers.MethodCaller):
            for argument in (*step.args, *step.kwargs.values()):
                if providers.is_provider(argument):
                    yield from _written(argument)


def _how(reference: Reference) -> How:
    if any(isinstance(step, providers.Delegate) for step in reference.steps) or _is_delegated(reference.root):
        return How.PROVIDER
    return How.PART if reference.steps else How.OBJECT


def _is_delegated(provider: Any) -> bool:
    return bool(providers.is_delegated(provider)) and not isinstance(provider, providers.Delegate)


def part_of(reference: Reference) -> str:
    """Return the attributes, items and calls of *reference*, as they are written after ``.provided``."""
    return "".join(map(_step_text, reference.steps))


def _step_text(step: Any) -> str:
    if isinstance(step, providers.AttributeGetter):
        return f".{step.name}"
    if isinstance(step, providers.ItemGetter):
        return f"[{step.name!r}]" if isinstance(step.name, str | int) else "[...]"
    return "()" if isinstance(step, providers.MethodCaller) else ""
