"""One container inside another, with its type kept."""

from typing import Any, TypeVar, cast

from dependency_injector import containers, providers

from sessionscope.lifetimes.names import give_names

C = TypeVar("C", bound=containers.DeclarativeContainer)


class Nested(providers.Container[Any]):
    """The library's provider of a container, which tells the providers inside what they are called."""

    def __set_name__(self, owner: type, name: str) -> None:
        """Put *name* before the names of the providers inside."""
        give_names(self.container, f"{name}.")


def nested(container: type[C], **given: Any) -> C:
    """Return the provider of a nested *container*, typed as the container.

    The library's own is a plain ``Provider``: ``outer.inner.session()`` would be ``Any``.

    Args:
        container: The class to nest.
        given: Providers or values for its settings, as its constructor takes them.
    """
    return cast("C", Nested(container, **given))
