"""Classifies the errors of all drivers as one small family of failures.

The error's code decides, and each backend knows its own codes. If an error has no code, its class decides. Its text is
the last resort, because messages change with the server's version and language.
"""

import errno
import socket
from collections.abc import Iterator
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sessionscope.database.backends import ALL_BACKENDS
from sessionscope.database.error_kinds import Failure, Violation

# The codes of an OSError of a socket. An OSError of a file names the file.
_NETWORK_ERRORS: Final = (errno.ENOENT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH)


def failure_of(error: BaseException) -> Failure | None:
    """Return the failure that *error* or one of its causes stands for, or None if the database did not fail."""
    return next((failure for link in _chain(error) if (failure := _classify(link))), None)


def is_unavailable(error: BaseException) -> bool:
    """Tell whether *error* means that the database can't serve now, although the request may be right."""
    failure = failure_of(error)
    return failure is not None and failure.is_unavailable


def commit_outcome_is_known(error: BaseException) -> bool:
    """Tell whether *error*, raised by a COMMIT, means that surely nothing was committed."""
    failure = failure_of(error)
    return failure is not None and failure.is_rolled_back


def violation_of(error: DBAPIError) -> Violation | None:
    """Return the kind of constraint that *error* is about, or None if its code is not known."""
    # By code, never by message: messages change with the server's version and language.
    return next((kind for backend in ALL_BACKENDS if (kind := backend.violation_of(error))), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and its causes, the outermost error first."""
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        yield link
        seen.append(link)
        link = getattr(link, "orig", None) or link.__cause__


def _classify(error: BaseException) -> Failure | None:
    if isinstance(failure := getattr(error, "failure", None), Failure):
        return failure
    if isinstance(error, PoolTimeoutError):
        return Failure.POOL_EXHAUSTED
    if isinstance(error, OSError):
        return Failure.UNREACHABLE if _is_of_network(error) else None
    by_code = (failure for backend in ALL_BACKENDS if (failure := backend.failure_of(error)))
    return next(by_code, None) or _by_class(error)


def _by_class(error: BaseException) -> Failure | None:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return Failure.CONNECTION_LOST
    return Failure.CONFLICT if isinstance(error, IntegrityError) else None


def _is_of_network(error: OSError) -> bool:
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):
        return True
    return error.filename is None and error.errno in _NETWORK_ERRORS
