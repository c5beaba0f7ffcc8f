"""Nests one container inside another, keeps its type, and finds the containers of databases again."""

from typing import Any, Final, TypeVar, cast

from dependency_injector import containers, providers

from sessionscope.lifetimes.names import give_names, named_providers

C = TypeVar("C", bound=containers.DeclarativeContainer)

# The name of a service's first database, which most services have alone.
MAIN: Final = "database"


class Nested(providers.Container[Any]):
    """A provider of a nested container, which also gives the providers inside their full names."""

    def __set_name__(self, owner: type, name: str) -> None:
        """Put *name* before the names of the providers inside."""
        give_names(self.container, f"{name}.")


def database_in(container: Any) -> Any:
    """Return the provider ``database`` of *container*, or *container* itself if it has no such provider."""
    return getattr(container, MAIN, container)


def nested_databases(container: Any) -> dict[str, Any]:
    """Return the providers of the databases that are nested in *container*, by dotted name."""
    return {
        name: provider
        for name, provider in named_providers(container)
        if isinstance(provider, providers.Container) and hasattr(provider.container, "async_session_factory")
    }


def databases_in(container: Any) -> dict[str, Any]:
    """Return all databases of *container*, by dotted name. The first is `database`, as `database_in` finds it."""
    return {MAIN: database_in(container)} | nested_databases(container)


def nested(container: type[C], **given: Any) -> C:
    """Return a provider of a nested *container*, typed as the container.

    With ``providers.Container``, ``outer.inner.session()`` would have the type ``Any``.

    Args:
        container: The class to nest.
        given: Providers or values for its settings, as for its constructor.
    """
    return cast("C", Nested(container, **given))
