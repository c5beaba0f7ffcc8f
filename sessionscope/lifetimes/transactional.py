"""What a scope has to know of an object that borrows a connection, as a session does."""

from collections.abc import Awaitable
from functools import singledispatch
from typing import Protocol


class Transactional(Protocol):
    """How a scope treats an object that may be in a transaction, whatever library the object is of."""

    def is_idle(self) -> bool:
        """Tell whether the object holds no connection, so that closing it waits for nothing."""
        ...

    def blocks(self) -> bool:
        """Tell whether closing or releasing it now may hold up the thread, while a server rolls back."""
        ...

    def has_uncommitted_changes(self) -> bool:
        """Tell whether giving the connection back would lose changes."""
        ...

    def close(self) -> Awaitable[None] | None:
        """Close the object for good; return an awaitable where that is asynchronous."""
        ...

    def release(self) -> Awaitable[None] | None:
        """Give the connection back, and stay usable; return an awaitable where that is asynchronous."""
        ...


@singledispatch
def transactional(value: object) -> Transactional | None:  # noqa: ARG001 - each kind has a function of its own
    """Return how a scope treats *value*; None for an object that has no transactions.

    Whoever knows a type registers it, as `sessionscope.database` does for SQLAlchemy's sessions:
    ``transactional.register(Session, ...)``.
    """
    return None
