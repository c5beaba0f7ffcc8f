"""The application, in the usual style."""

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from examples.resource.plain.books import routes as books


def create_app(engine: AsyncEngine) -> FastAPI:
    """Return the application for *engine*."""
    app = FastAPI(title="Library")
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    app.include_router(books.router)
    return app
