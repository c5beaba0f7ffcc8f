"""The application, as `python -m sessionscope new` makes it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from examples.resource.ours.books import routes as books
from examples.resource.ours.container import ApplicationContainer
from sessionscope import ScopeMiddleware, check_container, container_lifespan
from sessionscope.fastapi.error_handlers import install_problems


def create_app(container: ApplicationContainer) -> FastAPI:
    """Return the application for *container*."""
    app = FastAPI(title="Library", lifespan=_lifespan)
    app.state.container = container
    app.add_middleware(ScopeMiddleware)
    install_problems(app)
    app.include_router(books.router)
    check_container(container, app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    async with container_lifespan(app.state.container):
        yield
