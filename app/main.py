"""The application: a container, the routers, and what stands around them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from app.accounts import routes as accounts
from app.posts import routes as posts
from app.reports import routes as reports
from app.transfers import routes as transfers
from app.users import routes as users
from containers import ApplicationContainer, ScopeMiddleware, check_container, close_container, open_container
from sessionscope.fastapi.error_handlers import install_problems
from sessionscope.fastapi.head import HeadMiddleware
from sessionscope.fastapi.health import router as health
from sessionscope.fastapi.request_limits import RequestLimitsMiddleware

# In the order of the documentation.
ROUTES: Final = [users, posts, accounts, transfers, reports]


def create_app(container: ApplicationContainer | None = None) -> FastAPI:
    """Return the application; nothing connects before the first request.

    Args:
        container: Where everything comes from; a new one by default. Kept at ``app.state.container``.

    Raises:
        ConfigurationError: The settings are not good.
        ContainerError: `check_container` found something.
    """
    container = container or ApplicationContainer()
    # The handler of 404 redirects instead: the router's redirect repeats the Host that the client sent.
    app = FastAPI(title="Accounts and posts", version="0.1.0", lifespan=_lifespan, redirect_slashes=False)
    app.state.container = container
    # The last one added is the first to see a request.
    app.add_middleware(ScopeMiddleware)
    app.add_middleware(HeadMiddleware)
    app.add_middleware(RequestLimitsMiddleware, max_body_size=container.settings.provided.server.max_body_size)
    install_problems(app)
    for module in ROUTES:
        app.include_router(module.router)
    app.include_router(posts.author_router)
    app.include_router(health)
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
