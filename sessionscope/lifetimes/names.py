"""Gives providers their dotted names in the container, for use in messages."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Iterator
from typing import Any, TypeVar

from dependency_injector import containers, providers

T = TypeVar("T")


class Named(providers.Provider[T]):
    """A provider that knows its name; dependency-injector's own providers don't.

    Python tells the provider its name when a class declares it, and the copies in containers keep the name.
    """

    known_as: str | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the name, unless the provider has one already."""
        self.known_as = self.known_as or name

    def __deepcopy__(self, memo: dict[Any, Any] | None) -> Any:
        """Copy the provider as usual, and its name too."""
        inherited: Any = super()
        copied = inherited.__deepcopy__(memo)
        copied.known_as = self.known_as
        return copied


def name_of(provider: Any) -> str:
    """Return the dotted name of *provider*, such as ``database.session``, or its text form if it has no name."""
    return getattr(provider, "known_as", None) or str(provider)


def named_providers(container: Any, prefix: str = "") -> Iterator[tuple[str, providers.Provider[Any]]]:
    """Yield each provider of *container* and of its nested containers, with its dotted name."""
    for name, provider in container.providers.items():
        if isinstance(provider, providers.Self):
            continue
        yield prefix + name, provider
        if isinstance(provider, providers.Container):
            yield from named_providers(provider.container, f"{prefix}{name}.")


def give_names(container: containers.Container, prefix: str = "") -> None:
    """Give the providers in *container* their dotted names, which begin with *prefix*."""
    for name, provider in named_providers(container, prefix):
        if isinstance(provider, Named):
            provider.known_as = name
