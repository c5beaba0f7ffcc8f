"""Nests one container inside another, keeps its type, and finds the database's container again."""

from typing import Any, TypeVar, cast

from dependency_injector import containers, providers

from sessionscope.lifetimes.names import give_names

C = TypeVar("C", bound=containers.DeclarativeContainer)


class Nested(providers.Container[Any]):
    """A provider of a nested container, which also gives the providers inside their full names."""

    def __set_name__(self, owner: type, name: str) -> None:
        """Put *name* before the names of the providers inside."""
        give_names(self.container, f"{name}.")


def database_in(container: Any) -> Any:
    """Return the provider ``database`` of *container*, or *container* itself if it has no such provider."""
    return getattr(container, "database", container)


def nested(container: type[C], **given: Any) -> C:
    """Return a provider of a nested *container*, typed as the container.

    With ``providers.Container``, ``outer.inner.session()`` would have the type ``Any``.

    Args:
        container: The class to nest.
        given: Providers or values for its settings, as for its constructor.
    """
    return cast("C", Nested(container, **given))
