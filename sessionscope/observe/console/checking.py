"""Asks the databases whether they can serve, as ``/health/ready`` does."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from sessionscope.database.health import ping
from sessionscope.lifetimes.loops import result_within
from sessionscope.lifetimes.nesting import databases_in
from sessionscope.migrations.readiness import schema_fault, shipped_names
from sessionscope.observe.console.states import Checks, DatabaseHealth

PATIENCE_SECONDS: Final = 2


async def check_databases(container: Any, project: Path | None) -> Checks:
    """Return whether each database answers, and has the tables that the code needs.

    Args:
        container: The container of the service.
        project: The folder of the ``pyproject.toml`` that configures Alembic. If None, it is searched for.
    """
    migrated = await asyncio.to_thread(shipped_names, project)
    found = (_check(name, each, project, name in migrated) for name, each in databases_in(container).items())
    return Checks(at=datetime.now(UTC), databases=tuple(await asyncio.gather(*found)))


async def _check(name: str, database: Any, project: Path | None, is_migrated: bool) -> DatabaseHealth:
    engine: AsyncEngine = database.async_engine()
    try:
        return await result_within(_ask(name, engine, project, is_migrated), PATIENCE_SECONDS)
    except TimeoutError:
        waiters = getattr(engine.sync_engine.pool, "waiters", 0)
        exhausted = f"the pool is exhausted: no connection was free within {PATIENCE_SECONDS} s"
        silent = f"the database does not answer within {PATIENCE_SECONDS} s"
        return DatabaseHealth(database=name, milliseconds=None, fault=exhausted if waiters else silent)


async def _ask(name: str, engine: AsyncEngine, project: Path | None, is_migrated: bool) -> DatabaseHealth:
    began = time.perf_counter()
    if not await ping(engine):
        return DatabaseHealth(database=name, milliseconds=None, fault="the database does not answer: see the log")
    milliseconds = round((time.perf_counter() - began) * 1000, 1)
    fault = await schema_fault(engine, project, name) if is_migrated else None
    return DatabaseHealth(database=name, milliseconds=milliseconds, fault=fault)
