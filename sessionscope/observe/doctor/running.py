"""Checks the connection pools of the processes that are running."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sessionscope.database.backends.diagnosis import Status
from sessionscope.observe.doctor.findings import Finding
from sessionscope.observe.doctor.subjects import ExaminedService
from sessionscope.observe.inspection.asking import processes
from sessionscope.observe.inspection.states import PoolState, ProcessState

CODE: Final = "pools"
SUBJECT: Final = "running"


def check_running_pools(service: ExaminedService) -> Iterator[Finding]:  # noqa: ARG001 - as every check
    """Yield each pool of a running process that has no free connection, or that there is none."""
    states = processes(Path.cwd())
    exhausted = [(state, pool) for state in states for pool in state.pools if pool.is_exhausted]
    for state, pool in exhausted:
        yield _exhausted(state, pool)
    if not exhausted:
        in_use = sum(pool.in_use for state in states for pool in state.pools)
        count = "1 running process" if len(states) == 1 else f"{len(states) or 'no'} running processes"
        yield Finding(CODE, Status.OK, SUBJECT, f"{count} of this service, {in_use} connections in use, none waits")


def _exhausted(state: ProcessState, pool: PoolState) -> Finding:
    what = f"process {state.pid}: {pool.name} has no free connection, and {pool.waiters} wait for one"
    place = next(iter(pool.places()), None)
    if place is not None:
        seconds = f"{place.seconds:.1f} s"
        what += f"; {place.task} has held {place.connections} for up to {seconds}, taken at {place.line}"
    return Finding(
        CODE,
        Status.FAILURE,
        SUBJECT,
        what,
        "requests wait, and get a 503 after `database.pool_timeout`",
        "run `db pool`, and give connections back earlier at the lines that it names",
    )
