"""Health over HTTP: is the process alive, and can it serve."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from app.api.problem_types import DATABASE_UNAVAILABLE
from app.api.problems import ANYWHERE, described, problem, problems
from app.database.health import ping
from app.schemas.health import Health
from containers import ApplicationContainer, Provide, inject

# A probe that waits as long as the pool does tells nothing until it is too late.
PATIENCE_SECONDS: Final = 2

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", responses=described(*ANYWHERE))
async def live() -> Health:
    """Tell that the process runs; touches nothing else."""
    return Health(status="alive")


@router.get("/ready", response_model=Health, responses=problems())
@inject
async def ready(
    request: Request,
    engine: Annotated[AsyncEngine, Depends(Provide[ApplicationContainer.database.async_engine])],
) -> Health | Response:
    """Tell whether the database answers."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await ping(engine)
    except TimeoutError:
        answers = False
    if answers:
        return Health(status="ready")
    return problem(request, DATABASE_UNAVAILABLE, "the database does not answer")
