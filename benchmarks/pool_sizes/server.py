"""What a server process is told to make: the sample service, with an endpoint that holds a connection for a while."""

import os
from typing import Final

from fastapi import FastAPI
from sqlalchemy import text

from app.main import create_app
from config import DatabaseSettings, Settings
from containers import ApplicationContainer
from sessionscope.fastapi.sessions import AsyncSessionDep, SessionDep
from sessionscope.settings import LoggingSettings

FACTORY: Final = "benchmarks.pool_sizes.server:build"
STATEMENT_SECONDS: Final = 0.05
_SLEEP: Final = text(f"SELECT pg_sleep({STATEMENT_SECONDS})")


async def hold(session: AsyncSessionDep) -> None:
    """Hold a connection of the async engine."""
    await session.execute(_SLEEP)


def hold_in_thread(session: SessionDep) -> None:
    """Hold a connection of the sync engine."""
    session.execute(_SLEEP)


def build() -> FastAPI:
    """Return the application, with the pool that the environment names."""
    size, overflow = int(os.environ["BENCH_SIZE"]), int(os.environ["BENCH_OVERFLOW"])
    database = DatabaseSettings(url=os.environ["BENCH_URL"], pool_size=size, max_overflow=overflow)
    settings = Settings(database=database, logging=LoggingSettings(access=False))
    app = create_app(ApplicationContainer(settings=settings))
    app.get("/hold")(hold)
    app.get("/hold-in-thread")(hold_in_thread)
    return app
