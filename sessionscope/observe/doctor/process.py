"""Checks the limits that the system has for a process of the service."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

from sessionscope.database.backends import backend_of
from sessionscope.database.backends.diagnosis import Status
from sessionscope.observe.doctor.capacity import largest_pool
from sessionscope.observe.doctor.findings import Finding, not_checked
from sessionscope.observe.doctor.subjects import ExaminedDatabase, ExaminedService
from sessionscope.observe.doctor.usage import engines_used

SUBJECT: Final = "process"
CODE: Final = "file_descriptors"
# For the log, the event loop, the listening socket and files that are open for a short time.
_BASE: Final = 64
# A worker should take at least this many clients at a time.
_CLIENTS: Final = 256
# The database, its write-ahead log and the log's shared memory.
_FILES_OF_EMBEDDED: Final = 3


def check_file_descriptors(service: ExaminedService) -> Iterator[Finding]:
    """Yield whether a process may open enough files and sockets. The limit is that of the process that checks."""
    try:
        resource: Any = import_module("resource")
    except ImportError:
        yield not_checked(CODE, SUBJECT, "this system doesn't tell the limit")
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        yield Finding(CODE, Status.OK, SUBJECT, "the number of file descriptors is not limited")
    else:
        yield compared(limit, sum(map(_needed, service.databases())))


def compared(limit: int, connections: int) -> Finding:
    """Return whether *limit* file descriptors are enough for the pools, which need *connections*, and for clients."""
    clients = limit - connections - _BASE
    what = f"{limit} file descriptors: {connections} for databases, which leaves {max(clients, 0)} for clients"
    if clients >= _CLIENTS:
        return Finding(CODE, Status.OK, SUBJECT, what)
    return Finding(
        CODE,
        Status.FAILURE if clients <= 0 else Status.WARNING,
        SUBJECT,
        what,
        "a worker with no free descriptor accepts no client and opens no connection: Too many open files",
        f"raise the limit to {connections + _BASE + 4 * _CLIENTS}: `ulimit -n`, or LimitNOFILE= in systemd's unit",
    )


def _needed(database: ExaminedDatabase) -> int:
    settings = database.settings
    each = _FILES_OF_EMBEDDED if backend_of(settings.url.kind).is_embedded else 1
    # Replicas have a pool of their own.
    pools = 2 if settings.replica_urls else 1
    return each * pools * engines_used(database) * max(largest_pool(settings), settings.pool_size)
