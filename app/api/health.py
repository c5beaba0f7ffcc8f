"""Health over HTTP: is the process alive, and can it serve."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from app.api.problems import RETRY_AFTER_SECONDS, problem, problems
from app.database.health import ping
from app.schemas.health import Health
from containers import ApplicationContainer, Provide, inject

# A probe that waits as long as the pool does tells nothing until it is too late.
PATIENCE_SECONDS: Final = 2

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
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
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return problem(request, 503, "the database does not answer", headers=headers)
