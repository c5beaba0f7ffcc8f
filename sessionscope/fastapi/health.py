"""A router with health checks: whether the process is alive, and whether it can serve."""

import asyncio
import logging
from pathlib import Path
from typing import Any, Final, Literal

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from sessionscope.database.health import ping
from sessionscope.fastapi.injection import container_of
from sessionscope.fastapi.problem_types import DATABASE_UNAVAILABLE
from sessionscope.fastapi.problems import ANYWHERE, described, problem, problems
from sessionscope.lifetimes.loops import result_within
from sessionscope.lifetimes.nesting import MAIN
from sessionscope.migrations.databases import migrated_databases
from sessionscope.migrations.readiness import schema_fault, shipped_names, shipped_revisions
from sessionscope.reading.schemas import ResponseBody

logger = logging.getLogger(__name__)

# A probe that waited as long as the pool does would report a failure too late.
PATIENCE_SECONDS: Final = 2


class Health(ResponseBody):
    """The state of the service."""

    status: Literal["alive", "ready"]


def build_health_router(project: Path | None = None) -> APIRouter:
    """Return a router with ``/health/live`` and ``/health/ready``.

    Args:
        project: The folder of the ``pyproject.toml`` that configures Alembic. By default, it is searched for.
    """
    router = APIRouter(prefix="/health", tags=["health"])

    @router.get("/live", responses=described(*ANYWHERE))
    async def live() -> Health:
        """Report that the process runs. Nothing else is checked."""
        return Health(status="alive")

    @router.get("/ready", response_model=Health, responses=problems())
    async def ready(request: Request) -> Health | Response:
        """Report whether each database answers, and has the tables that this release needs."""
        # Outside the time limit, which is for the databases: the first probe imports Alembic.
        databases = await asyncio.to_thread(_shipped, container_of(request), project)
        faults = await asyncio.gather(*(_fault(project, *each) for each in databases.items()))
        fault = next(filter(None, faults), None)
        if fault is None:
            return Health(status="ready")
        logger.warning("not ready: %s", fault)
        return problem(request, DATABASE_UNAVAILABLE, fault)

    return router


def _shipped(container: Any, project: Path | None) -> dict[str, Any]:
    """Return the databases that have migrations, by name. Their migrations are read when this is first called."""
    databases = migrated_databases(container, shipped_names(project))
    for name in databases:
        shipped_revisions(project, name)
    return databases


async def _fault(project: Path | None, name: str, database: Any) -> str | None:
    silent = "the database does not answer" if name == MAIN else f"the database {name} does not answer"

    async def look(engine: AsyncEngine) -> str | None:
        return await schema_fault(engine, project, name) if await ping(engine) else silent

    try:
        return await result_within(look(database.async_engine()), PATIENCE_SECONDS)
    except TimeoutError:
        return silent


router = build_health_router()
