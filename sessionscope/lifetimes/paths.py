"""Where a provider of a declarative class is in an instance: its dotted name, looked up once."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Self

from dependency_injector import providers

from sessionscope.lifetimes.errors import InjectionError
from sessionscope.lifetimes.names import named_providers

_STEPS = (
    providers.Delegate,
    providers.ProvidedInstance,
    providers.AttributeGetter,
    providers.ItemGetter,
    providers.MethodCaller,
)


@dataclass(frozen=True, eq=False)
class Reference:
    """A provider, by a declarative class or by its dotted name, and what is taken from it.

    Attributes:
        root: The provider, or its dotted name.
        steps: As written after it: ``.provider``, or ``.provided`` with attributes, items and calls.
    """

    root: Any
    steps: tuple[Any, ...]

    @classmethod
    def to(cls, provider: Any) -> Self:
        """Return a reference to *provider*, which may be a dotted name."""
        steps: list[Any] = []
        while isinstance(provider, _STEPS):
            steps.append(provider)
            provider = provider.provides
        return cls(provider, tuple(reversed(steps)))

    def follow(self, provider: Any) -> Any:
        """Return what the steps lead to from *provider*, which is the root in a container."""
        for step in self.steps:
            if isinstance(step, providers.Delegate):
                provider = provider.provider
            elif isinstance(step, providers.ProvidedInstance):
                provider = provider.provided
            elif isinstance(step, providers.AttributeGetter):
                provider = getattr(provider, str(step.name))
            elif isinstance(step, providers.ItemGetter):
                provider = provider[step.name]
            else:
                provider = provider.call(*step.args, **step.kwargs)
        return provider

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self.root, len(self.steps)))

    def __str__(self) -> str:
        return repr(self.root) if isinstance(self.root, str) else str(self.root)

    def _key(self) -> tuple[Any, ...]:
        return self.root, list(map(_key_of, self.steps))


def _key_of(step: Any) -> tuple[Any, ...]:
    # Asked for by kind: what stands after `.provided` takes any name for an attribute of the object.
    if isinstance(step, providers.AttributeGetter | providers.ItemGetter):
        return type(step), step.name
    if isinstance(step, providers.MethodCaller):
        return type(step), step.args, step.kwargs
    return (type(step),)


def path_in(container: Any, reference: Reference) -> tuple[str, ...]:
    """Return the names that lead from an instance to the provider that *reference* begins with.

    It is looked for in the instance, in the declarative class and its bases, which a subclass may have given another
    provider of that name, and in nested containers, by the class that is nested as well.

    Raises:
        InjectionError: There is none, or there are several, as of a class that is nested twice.
    """
    root = reference.root
    names = {name for name, _ in named_providers(container)}
    if isinstance(root, str):
        found = {root} & names
    else:
        found = {name for name, provider in _declared(container) if provider is root}
    if len(found) == 1:
        return tuple(found.pop().split("."))
    kind = (container.declarative_parent or type(container)).__name__
    if found:
        raise InjectionError(f"{reference} is in {kind} several times, as {', '.join(sorted(found))}: name one of them")
    close = get_close_matches(str(root), names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(sorted(names))}"
    raise InjectionError(f"{kind} has no provider {reference}: {hint}")


def _declared(container: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each provider that a marker may mean, with its dotted name: those of classes, and of the instance."""
    declared = container.declarative_parent
    for owner in (container, *(declared.__mro__ if declared is not None else ())):
        for name, provider in getattr(owner, "providers", {}).items():
            if isinstance(provider, providers.Self):
                continue
            yield prefix + name, provider
            if isinstance(provider, providers.Container):
                yield from _declared(provider.container, f"{prefix}{name}.")
