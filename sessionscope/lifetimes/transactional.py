"""What a scope needs to know about an object that borrows a connection, such as a session."""

from collections.abc import Awaitable
from functools import singledispatch
from typing import Protocol


class Transactional(Protocol):
    """How a scope treats an object that may be in a transaction, whichever library the object comes from."""

    def is_idle(self) -> bool:
        """Tell whether the object holds no connection, so that closing it needs no waiting."""
        ...

    def blocks(self) -> bool:
        """Tell whether closing or releasing the object may block the thread while a server rolls back."""
        ...

    def has_uncommitted_changes(self) -> bool:
        """Tell whether giving the connection back would lose changes."""
        ...

    def close(self) -> Awaitable[None] | None:
        """Close the object for good; return an awaitable if that is asynchronous."""
        ...

    def release(self) -> Awaitable[None] | None:
        """Give the connection back, and stay usable; return an awaitable if that is asynchronous."""
        ...


@singledispatch
def transactional(value: object) -> Transactional | None:  # noqa: ARG001 - each type has a function of its own
    """Return how a scope treats *value*, or None for an object that has no transactions.

    Register other types with ``transactional.register(Session, ...)``, as `sessionscope.database` does for
    SQLAlchemy's sessions.
    """
    return None
