"""One container inside another, with its type kept."""

from typing import Any, TypeVar, cast

from dependency_injector import containers, providers

C = TypeVar("C", bound=containers.DeclarativeContainer)


def nested(container: type[C], **given: Any) -> C:
    """Return the provider of a nested *container*, typed as the container.

    The library's own is a plain ``Provider``: ``outer.inner.session()`` would be ``Any``.

    Args:
        container: The class to nest.
        given: Providers or values for its settings, as its constructor takes them.
    """
    return cast("C", providers.Container(container, **given))
