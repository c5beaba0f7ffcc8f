"""The application: its container, routers and middleware."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.notes import routes as notes
from containers import ApplicationContainer, ScopeMiddleware, check_container, close_container, open_container
from sessionscope.fastapi.error_handlers import install_problems
from sessionscope.fastapi.head import HeadMiddleware
from sessionscope.fastapi.health import router as health
from sessionscope.fastapi.request_limits import RequestLimitsMiddleware
from sessionscope.fastapi.request_log import log_requests
from sessionscope.observe.console import build_console_router
from sessionscope.observe.metrics import install_metrics


def create_app(container: ApplicationContainer | None = None) -> FastAPI:
    """Return the application for *container*, by default a new one. It connects to nothing before its first request."""
    container = container or ApplicationContainer()
    # The router's redirect would repeat the Host header that the client sent, so the handler for 404 redirects.
    app = FastAPI(title="your-service", version="0.1.0", lifespan=_lifespan, redirect_slashes=False)
    app.state.container = container
    # A request passes through the last one first.
    app.add_middleware(ScopeMiddleware)
    app.add_middleware(HeadMiddleware)
    app.add_middleware(RequestLimitsMiddleware, max_body_size=container.settings.provided.server.max_body_size)
    log_requests(app)
    install_problems(app)
    app.include_router(notes.router)
    app.include_router(health)
    install_metrics(app)
    app.include_router(build_console_router())
    check_container(container, app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    container: ApplicationContainer = app.state.container
    try:
        await open_container(container)
        yield
    finally:
        await close_container(container)
