"""Reads the state of this process from its container."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from sessionscope.database.checkouts import Checkout
from sessionscope.database.factories import AsyncReadSessionFactory, ReadSessionFactory
from sessionscope.database.gated_pool import GatedPool
from sessionscope.database.recorded_pool import RecordedPool
from sessionscope.database.recorded_session import open_sessions
from sessionscope.database.repeated_statements import Repetition, repeated_statements
from sessionscope.database.slow_statements import slow_statements
from sessionscope.lifetimes.names import name_of
from sessionscope.lifetimes.nesting import databases_in
from sessionscope.lifetimes.shared import Shared
from sessionscope.observe.inspection.states import (
    Hold,
    PoolState,
    ProcessState,
    RepeatedStatementState,
    SlowStatementState,
    UnitsState,
)
from sessionscope.transactions.retry import RetryPolicy

_started = datetime.now(UTC)
_MOST_SLOW: Final = 50


def process_state(container: Any) -> ProcessState:
    """Return the state of this process, whose objects are those of *container*. Any thread may call this."""
    sessions = sorted((checkout for _, checkout in open_sessions.all()), key=lambda checkout: checkout.since)
    return ProcessState(
        pid=os.getpid(),
        parent=os.getppid(),
        started=_started,
        project=str(Path.cwd()),
        pools=tuple(_pool_state(name, pool) for name, pool in recorded_pools(container)),
        sessions=tuple(map(_hold, sessions)),
        units=tuple(_units(container)),
        slow=tuple(_slow(container)),
        repeated=tuple(map(_repeated, repeated_statements.latest())),
    )


def recorded_pools(container: Any) -> list[tuple[str, RecordedPool]]:
    """Return the pools of the engines that *container* has built, each with the name of its provider."""
    found: dict[int, tuple[str, RecordedPool]] = {}
    for name, engine in _engines(container):
        pool = engine.pool
        if isinstance(pool, RecordedPool):
            found.setdefault(id(pool), (name, pool))
    return list(found.values())


def _engines(container: Any) -> Iterator[tuple[str, Engine]]:
    built = [(name_of(provider), provider.built) for provider in container.traverse(types=[Shared])]
    for name, made in sorted(built, key=lambda each: each[0]):
        if isinstance(made, AsyncEngine):
            yield name, made.sync_engine
        elif isinstance(made, Engine):
            yield name, made
    # After the engines: what a factory reads from is one of them, unless there are replicas.
    for name, made in built:
        if isinstance(made, ReadSessionFactory | AsyncReadSessionFactory):
            yield f"{name} (replicas)", made.sources.usual.view


def _pool_state(name: str, pool: RecordedPool) -> PoolState:
    holds = tuple(map(_hold, pool.checkouts.oldest_first()))
    gated = pool if isinstance(pool, GatedPool) else None
    return PoolState(
        name=name,
        database=pool.name.database,
        driver=pool.name.driver,
        size=gated.size() if gated is not None else None,
        max_overflow=gated.max_overflow if gated is not None and gated.max_overflow >= 0 else None,
        in_use=len(holds),
        idle=gated.checkedin() if gated is not None else 0,
        overflow=gated.overflow() if gated is not None else 0,
        waiters=pool.waiters,
        holds=holds,
    )


def _hold(checkout: Checkout) -> Hold:
    return Hold(task=str(checkout.task), seconds=round(checkout.seconds(), 3), line=str(checkout.line))


def _units(container: Any) -> Iterator[UnitsState]:
    for name, database in databases_in(container).items():
        policy = getattr(getattr(database, "retry_policy", None), "built", None)
        if isinstance(policy, RetryPolicy):
            counts = policy.counts
            yield UnitsState(
                name=name,
                committed=counts.committed,
                retried={str(failure): count for failure, count in counts.retried.copy().items()},
                given_up={str(failure): count for failure, count in counts.given_up.copy().items()},
            )


def _slow(container: Any) -> list[SlowStatementState]:
    states = [
        SlowStatementState(
            id=f"{os.getpid()}-{each.number}",
            engine=name,
            sql=each.sql,
            paramstyle=engine.dialect.paramstyle,
            seconds=round(each.seconds, 3),
            at=each.at,
            line=each.code_line,
            task=each.task,
        )
        for name, engine in _engines(container)
        if (found := slow_statements(engine)) is not None
        for each in found.latest.copy()
    ]
    return sorted(states, key=lambda state: state.at, reverse=True)[:_MOST_SLOW]


def _repeated(found: Repetition) -> RepeatedStatementState:
    place = found.place
    return RepeatedStatementState(
        task=place.task, sql=place.statement, line=place.line, most=found.most, tasks=found.tasks, at=found.at
    )
