"""SQLAlchemy's `util.await_`, with which a plain function waits for an awaitable in SQLAlchemy's greenlet.

The documented way, `AdaptedConnection.run_async`, needs a connection, and a pool waits because it has none.
"""

from collections.abc import Awaitable
from typing import Any, TypeVar

from sqlalchemy import util

T = TypeVar("T")

# Until SQLAlchemy 2.1 the function was called `await_only`. 2.2 deprecates that name.
_await: Any = getattr(util, "await_", None) or getattr(util, "await_only", None)
if _await is None:  # pragma: no cover - tested in another process
    raise ImportError("this version of SQLAlchemy has no util.await_: install one that sessionscope was tried with")


def await_in_greenlet(awaitable: Awaitable[T]) -> T:
    """Return the result of *awaitable*.

    Raises:
        sqlalchemy.exc.MissingGreenlet: The caller does not run in SQLAlchemy's greenlet.
    """
    result: T = _await(awaitable)
    return result
