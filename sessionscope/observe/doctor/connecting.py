"""Checks whether the engines of a database connect, and how fast the server answers."""

import time
from typing import Final

from sqlalchemy import Connection, Engine, select
from sqlalchemy.ext.asyncio import AsyncEngine

from sessionscope.database.backends import backend_of
from sessionscope.database.backends.diagnosis import Status
from sessionscope.database.errors import Failure, failure_of
from sessionscope.observe.doctor.findings import REMEDIES, Finding, described
from sessionscope.observe.doctor.subjects import ExaminedDatabase

_PINGS: Final = 5
# Each statement of a request waits this long for the network.
_SLOW_SECONDS: Final = 0.02
# From here on, fractions of a millisecond say nothing.
_WHOLE: Final = 10


def answered(code: str, database: ExaminedDatabase, engine: Engine, connected: float, ping: float) -> Finding:
    """Return the finding about an engine that works.

    Args:
        code: The code of the check.
        database: The database.
        engine: The engine; for an async engine, the sync engine inside.
        connected: How long the first connection took, in seconds.
        ping: How long the fastest ping took, in seconds.
    """
    what = f"{engine.dialect.driver} connects in {milliseconds(connected)} and answers in {milliseconds(ping)}"
    if ping <= _SLOW_SECONDS:
        return Finding(code, Status.OK, database.name, what)
    return Finding(
        code,
        Status.WARNING,
        database.name,
        what,
        "each statement of a request waits for that",
        "run the service nearer to its database, or look for load on the server",
    )


def refused(code: str, database: ExaminedDatabase, who: str, error: Exception) -> Finding:
    """Return the finding about a driver, called *who*, that doesn't connect."""
    failure = failure_of(error)
    is_missing = failure is Failure.UNREACHABLE and backend_of(database.settings.url.kind).is_embedded
    remedy = f"run `{database.command} upgrade`, which creates the file" if is_missing else None
    return Finding(
        code,
        Status.FAILURE,
        database.name,
        f"{who} can't connect: {described(error)}",
        "no request that needs this database can be answered",
        remedy or REMEDIES.get(failure or Failure.CONFLICT, "see the log of the server"),
    )


async def check_async_engine(database: ExaminedDatabase) -> Finding:
    """Return whether the async engine connects. Its connection is closed, because it belongs to this event loop."""
    who, began = "the async engine", time.perf_counter()
    try:
        engine: AsyncEngine = database.container.async_engine()
        who = engine.dialect.driver
        async with engine.connect() as connection:
            connected = time.perf_counter() - began
            seconds = await connection.run_sync(fastest_ping)
    except Exception as error:  # noqa: BLE001 - of any driver
        return refused("connect_async", database, who, error)
    return answered("connect_async", database, engine.sync_engine, connected, seconds)


def fastest_ping(connection: Connection) -> float:
    """Return the seconds of the fastest of some pings, which is the one that nothing else delayed."""
    return min(_ping(connection) for _ in range(_PINGS))


def _ping(connection: Connection) -> float:
    began = time.perf_counter()
    connection.execute(select(1))
    return time.perf_counter() - began


def milliseconds(seconds: float) -> str:
    """Return a duration for people."""
    thousand = seconds * 1000
    return f"{thousand:.0f} ms" if thousand >= _WHOLE else f"{thousand:.2g} ms"
