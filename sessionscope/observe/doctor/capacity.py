"""Compares the connections that the pools of all workers may open with those that a server accepts."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from sessionscope.database.backends import backend_of
from sessionscope.database.backends.diagnosis import Capacity, Status
from sessionscope.observe.doctor.findings import Finding, not_checked
from sessionscope.observe.doctor.subjects import ExaminedDatabase
from sessionscope.observe.doctor.usage import engines_used
from sessionscope.settings import DatabaseSettings

CODE: Final = "capacity"
_WHY: Final = "under load, the server refuses connections, and requests fail with 503"
_UNLIMITED: Final = -1


def check_capacity(connection: Connection, database: ExaminedDatabase, subject: str) -> Iterator[Finding]:
    """Yield whether the server of *connection*, the primary or a replica, accepts enough connections."""
    settings = database.settings
    if settings.pgbouncer:
        yield not_checked(CODE, subject, "PgBouncer is in between: compare the pools with its max_client_conn")
        return
    capacity = backend_of(connection.dialect.name).diagnosis.capacity(connection)
    if capacity is None:
        return
    if settings.pool_class != "queue" or settings.max_overflow == _UNLIMITED:
        yield _unlimited(settings, capacity, subject)
    else:
        found = compared(settings, capacity, engines_used(database), database.service.workers, subject)
        yield found if found.status is not Status.OK else _together(found, capacity, database)


def _together(found: Finding, capacity: Capacity, database: ExaminedDatabase) -> Finding:
    """Return *found*, or that all databases of the service on the same server need more connections together."""
    neighbours = [each for each in database.service.databases() if _server(each.settings) == _server(database.settings)]
    needed = sum(largest_pool(each.settings) * engines_used(each) * database.service.workers for each in neighbours)
    if needed <= capacity.limit:
        return found
    names = ", ".join(each.name for each in neighbours)
    what = f"the pools for {names} open {needed} connections at most; their server accepts {capacity.limit}"
    remedy = f"lower the sizes of their pools, or raise {capacity.limited_by}"
    return Finding(CODE, Status.FAILURE, found.subject, f"{what} ({capacity.limited_by})", _WHY, remedy)


def _server(settings: DatabaseSettings) -> tuple[str, str | None, int | None]:
    url = settings.url.get_secret_value()
    return settings.url.kind, url.host, url.port


def largest_pool(settings: DatabaseSettings) -> int:
    """Return how many connections one engine opens at most, if there is a limit."""
    return settings.pool_size + settings.max_overflow


def compared(settings: DatabaseSettings, capacity: Capacity, engines: int, workers: int, subject: str) -> Finding:
    """Return whether *capacity* is enough for the pools.

    Args:
        settings: The sizes of one pool.
        capacity: What the server accepts.
        engines: How many engines each process uses.
        workers: The number of processes.
        subject: The database.
    """
    needed = largest_pool(settings) * engines * workers
    sum_of = f"{_counted(workers, 'worker')} x {_counted(engines, 'engine')} x {_written(settings)}"
    accepted = f"the server accepts {capacity.limit} ({capacity.limited_by})"
    in_use = f"in use now: {capacity.own} by the service with this command, {capacity.others} by others"
    what = f"{sum_of} = {_counted(needed, 'connection')} at most; {accepted}; {in_use}"
    if needed > capacity.limit:
        return Finding(CODE, Status.FAILURE, subject, what, _WHY, _remedy(capacity, engines * workers))
    if needed + capacity.others > capacity.limit:
        return Finding(CODE, Status.WARNING, subject, what, _WHY, _remedy(capacity, engines * workers))
    return Finding(CODE, Status.OK, subject, what)


def _remedy(capacity: Capacity, pools: int) -> str:
    each = (capacity.limit - capacity.others) // pools
    if each < 1:
        return f"raise {capacity.limited_by}, lower `server.workers`, or put a pooler such as PgBouncer in between"
    return f"lower `database.pool_size` + `database.max_overflow` to at most {each}, or raise {capacity.limited_by}"


def _unlimited(settings: DatabaseSettings, capacity: Capacity, subject: str) -> Finding:
    name = "pool_class is null" if settings.pool_class != "queue" else "max_overflow is -1"
    return Finding(
        CODE,
        Status.WARNING,
        subject,
        f"`database.{name}`, so nothing limits the connections; the server accepts {capacity.limit}"
        f" ({capacity.limited_by})",
        _WHY,
        "set `database.pool_class` to queue and `database.max_overflow` to a limit, unless an external pooler limits"
        " the connections",
    )


def _written(settings: DatabaseSettings) -> str:
    return f"(pool_size {settings.pool_size} + max_overflow {settings.max_overflow})"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
