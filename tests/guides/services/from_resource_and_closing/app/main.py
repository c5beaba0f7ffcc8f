from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.containers import Container
from app.models import Base
from app.routes import router


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    container: Container = app.state.container
    async with container.engine().begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await container.engine().dispose()


def create_app(database_url: str = "sqlite+aiosqlite:///notes.db") -> FastAPI:
    container = Container()
    container.config.database_url.from_value(database_url)
    app = FastAPI(title="Notes", lifespan=lifespan)
    app.state.container = container
    app.include_router(router)
    return app
