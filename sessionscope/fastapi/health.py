"""A router with health checks: whether the process is alive, and whether it can serve."""

import asyncio
import logging
from typing import Final, Literal

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from sessionscope.database.health import ping
from sessionscope.fastapi.problem_types import DATABASE_UNAVAILABLE
from sessionscope.fastapi.problems import ANYWHERE, described, problem, problems
from sessionscope.fastapi.sessions import database_of
from sessionscope.lifetimes.loops import result_within
from sessionscope.migrations.readiness import schema_fault, shipped_revisions
from sessionscope.reading.schemas import ResponseBody

logger = logging.getLogger(__name__)

# A probe that waited as long as the pool does would report a failure too late.
PATIENCE_SECONDS: Final = 2


_NO_ANSWER: Final = "the database does not answer"


class Health(ResponseBody):
    """The state of the service."""

    status: Literal["alive", "ready"]


router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", responses=described(*ANYWHERE))
async def live() -> Health:
    """Report that the process runs. Nothing else is checked."""
    return Health(status="alive")


@router.get("/ready", response_model=Health, responses=problems())
async def ready(request: Request) -> Health | Response:
    """Report whether the database answers, and has the tables that this release needs."""
    engine = database_of(request).async_engine()
    # Outside the time limit, which is for the database: the first probe imports Alembic.
    await asyncio.to_thread(shipped_revisions, None)
    try:
        fault = await result_within(_fault(engine), PATIENCE_SECONDS)
    except TimeoutError:
        fault = _NO_ANSWER
    if fault is None:
        return Health(status="ready")
    logger.warning("not ready: %s", fault)
    return problem(request, DATABASE_UNAVAILABLE, fault)


async def _fault(engine: AsyncEngine) -> str | None:
    return await schema_fault(engine) if await ping(engine) else _NO_ANSWER
