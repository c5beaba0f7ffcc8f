"""The usual pattern without asyncio: plain ``def`` endpoints, a session from ``Depends(get_db)``."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.peers.blocking import endpoints, sync_url
from benchmarks.peers.settings import ENGINE, SESSION


def get_db(request: Request) -> Generator[Session, None, None]:
    with request.app.state.sessions() as session:
        yield session


def build(url: str) -> FastAPI:
    engine = create_engine(sync_url(url), **ENGINE)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
        yield
        engine.dispose()

    app = FastAPI(lifespan=lifespan)
    app.state.sessions = sessionmaker(engine, **SESSION)
    app.include_router(endpoints(get_db, Session.begin))
    return app
