"""Compares the clock of a server with the clock of this machine."""

import time
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from sessionscope.database.backends import backend_of
from sessionscope.database.backends.diagnosis import Status
from sessionscope.observe.doctor.findings import Finding

_MOST_SECONDS: Final = 1.0


def check_clock(connection: Connection, subject: str) -> Iterator[Finding]:
    """Yield how far the server's clock is from ours. A database without a server has no clock of its own."""
    diagnosis = backend_of(connection.dialect.name).diagnosis
    before = time.time()
    theirs = diagnosis.clock(connection)
    after = time.time()
    if theirs is not None:
        yield compared(theirs, before, after, subject)


def compared(theirs: float, before: float, after: float, subject: str) -> Finding:
    """Return the finding about a clock that showed *theirs* between *before* and *after*, in seconds since 1970."""
    skew = theirs - (before + after) / 2
    # The server may have read its clock at the beginning or at the end of the round trip.
    surely = abs(skew) - (after - before) / 2
    if surely <= _MOST_SECONDS:
        return Finding("clock", Status.OK, subject, f"the server's clock is at most {_MOST_SECONDS:g} s from ours")
    where = "ahead of" if skew > 0 else "behind"
    return Finding(
        "clock",
        Status.WARNING,
        subject,
        f"the server's clock is {abs(skew):.1f} s {where} ours",
        "timestamps of the service and of the server are in the wrong order, and jobs are due too early or too late",
        "synchronise both machines with NTP: `timedatectl status` shows whether that works",
    )
