"""The application: its container, routers and middleware."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from app.accounts import routes as accounts
from app.posts import routes as posts
from app.reports import routes as reports
from app.transfers import routes as transfers
from app.users import routes as users
from containers import ApplicationContainer, ScopeMiddleware, check_container
from sessionscope import container_lifespan
from sessionscope.fastapi.error_handlers import install_problems
from sessionscope.fastapi.head import HeadMiddleware
from sessionscope.fastapi.health import router as health
from sessionscope.fastapi.request_limits import RequestLimitsMiddleware
from sessionscope.fastapi.request_log import log_requests
from sessionscope.observe.console import build_console_router
from sessionscope.observe.metrics import install_metrics

# In the order in which the OpenAPI document lists them.
ROUTES: Final = [users, posts, accounts, transfers, reports]


def create_app(container: ApplicationContainer | None = None) -> FastAPI:
    """Return the application, which connects to nothing before its first request.

    Args:
        container: The container of the application, available at ``app.state.container``. A new one by default.

    Raises:
        ConfigurationError: The settings are wrong.
        ContainerError: `check_container` found a fault.
    """
    container = container or ApplicationContainer()
    # The router's redirect would repeat the Host header that the client sent, so the handler for 404 redirects.
    app = FastAPI(title="Accounts and posts", version="0.1.0", lifespan=_lifespan, redirect_slashes=False)
    app.state.container = container
    # A request passes through the last one first.
    app.add_middleware(ScopeMiddleware)
    app.add_middleware(HeadMiddleware)
    app.add_middleware(RequestLimitsMiddleware, max_body_size=container.settings.provided.server.max_body_size)
    log_requests(app)
    install_problems(app)
    for module in ROUTES:
        app.include_router(module.router)
    app.include_router(posts.author_router)
    app.include_router(health)
    install_metrics(app)
    app.include_router(build_console_router())
    check_container(container, app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    async with container_lifespan(app.state.container):
        yield
