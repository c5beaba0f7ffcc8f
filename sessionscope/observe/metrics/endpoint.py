"""The endpoint ``/metrics``."""

import os
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess

from sessionscope.errors import SetupError
from sessionscope.fastapi.injection import container_of
from sessionscope.observe.metrics.collecting import PoolCollector
from sessionscope.observe.metrics.recording import record, recording
from sessionscope.observe.workers import VARIABLE


def install_metrics(app: FastAPI) -> None:
    """Serve the metrics of *app* and of its database at ``/metrics``, with the service's own metrics.

    Everybody who can reach the service can read them. They contain routes and names of databases, and no values.

    Raises:
        SetupError: `log_requests` was not called for *app* before: it measures the requests.
    """
    if not getattr(app.state, "logs_requests", False):
        raise SetupError("install_metrics needs what log_requests measures: call log_requests(app) before it")
    record()
    app.include_router(build_metrics_router())


def build_metrics_router() -> APIRouter:
    """Return a router with ``/metrics`` alone."""
    router = APIRouter()
    # The server's threads may all be waiting for connections, which is when somebody wants to know.
    limiter = CapacityLimiter(1)

    @router.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        text = await to_thread.run_sync(_exposition, container_of(request), limiter=limiter)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return router


def _exposition(container: Any) -> bytes:
    recording.move()
    states = CollectorRegistry()
    states.register(PoolCollector(container))
    return generate_latest(_sums()) + generate_latest(states)


def _sums() -> CollectorRegistry:
    """Return what this process has added up, or all workers together."""
    folder = os.environ.get(VARIABLE)
    if folder is None:
        return REGISTRY
    _forget_dead_workers(Path(folder))
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _forget_dead_workers(folder: Path) -> None:
    """Remove the gauges of workers that have ended. What they have counted stays."""
    for file in folder.glob("gauge_live*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call] # pyright: ignore[reportUnknownMemberType]
