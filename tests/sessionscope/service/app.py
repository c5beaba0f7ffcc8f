"""The application of the tests' own service, with everything that the library adds around endpoints."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from sessionscope import ScopeMiddleware, check_container, container_lifespan
from sessionscope.fastapi.error_handlers import install_problems
from sessionscope.fastapi.head import HeadMiddleware
from sessionscope.fastapi.request_limits import RequestLimitsMiddleware
from sessionscope.fastapi.request_log import log_requests
from sessionscope.observe.metrics import install_metrics
from tests.sessionscope.service import routes
from tests.sessionscope.service.containers import ApplicationContainer


def create_app(container: ApplicationContainer | None = None) -> FastAPI:
    """Return the application over *container*, a new one by default."""
    container = container or ApplicationContainer()
    app = FastAPI(title="The tests' own service", lifespan=_lifespan, redirect_slashes=False)
    app.state.container = container
    app.add_middleware(ScopeMiddleware)
    app.add_middleware(HeadMiddleware)
    app.add_middleware(RequestLimitsMiddleware, max_body_size=container.settings.provided.server.max_body_size)
    log_requests(app)
    install_metrics(app)
    install_problems(app)
    app.include_router(routes.router)
    check_container(container, app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    async with container_lifespan(app.state.container):
        yield
