"""What providers are called in messages: the dotted name that they have in their container."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Iterator
from typing import Any, TypeVar

from dependency_injector import containers, providers

T = TypeVar("T")


class Named(providers.Provider[T]):
    """A provider that knows its name; the library's own don't.

    Python says the name where a class declares the provider, and copies in containers keep it.
    """

    known_as: str | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the name, unless another one was there first."""
        self.known_as = self.known_as or name

    def __deepcopy__(self, memo: dict[Any, Any] | None) -> Any:
        """Copy as the library does, the name as well."""
        inherited: Any = super()
        copied = inherited.__deepcopy__(memo)
        copied.known_as = self.known_as
        return copied


def name_of(provider: Any) -> str:
    """Return the dotted name of *provider*, as ``database.session``; how the library shows it where it has none."""
    return getattr(provider, "known_as", None) or str(provider)


def named_providers(container: Any, prefix: str = "") -> Iterator[tuple[str, providers.Provider[Any]]]:
    """Yield each provider of *container* and of the containers in it, with its dotted name."""
    for name, provider in container.providers.items():
        if isinstance(provider, providers.Self):
            continue
        yield prefix + name, provider
        if isinstance(provider, providers.Container):
            yield from named_providers(provider.container, f"{prefix}{name}.")


def give_names(container: containers.Container, prefix: str = "") -> None:
    """Tell the providers in *container* their dotted names, which begin with *prefix*."""
    for name, provider in named_providers(container, prefix):
        if isinstance(provider, Named):
            provider.known_as = name
