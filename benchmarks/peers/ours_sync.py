"""The same plain ``def`` endpoints over this service's container, as in examples/plain_fastapi.py."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.dependencies import get_db
from benchmarks.peers.blocking import endpoints
from benchmarks.peers.ours import make_settings
from containers import ApplicationContainer, ScopeMiddleware, close_container
from sessionscope.transactions.blocks import transaction


def build(url: str) -> FastAPI:
    container = ApplicationContainer(settings=make_settings(url))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
        yield
        await close_container(container)

    app = FastAPI(lifespan=lifespan)
    app.state.container = container
    app.add_middleware(ScopeMiddleware)
    app.include_router(endpoints(get_db, transaction))
    return app
