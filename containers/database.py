"""The container of one database: settings -> engines -> session factories -> one session per scope."""

from dependency_injector import containers
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from app.database.engine import build_async_engine, build_engine
from app.database.location import DatabaseLocation
from app.database.session import (
    AsyncReadSession,
    ReadSession,
    build_async_read_session_factory,
    build_async_session_factory,
    build_read_session_factory,
    build_session_factory,
    open_async_read_session,
    open_async_session,
    open_read_session,
    open_session,
)
from config import DatabaseSettings
from containers.scope import ScopedResource
from containers.shared import Setting, Shared
from containers.turns import Turn, Turns
from containers.wiring import GuardedContainer


class DatabaseContainer(containers.DeclarativeContainer):
    """One database, sync and async. Give it its settings: ``DatabaseContainer(settings=DatabaseSettings(url=...))``."""

    instance_type = GuardedContainer

    settings = Setting[DatabaseSettings](instance_of=DatabaseSettings)
    location = Shared[DatabaseLocation](DatabaseLocation, settings)

    engine = Shared[Engine](build_engine, settings, location)
    session_factory = Shared[sessionmaker[Session]](build_session_factory, engine)
    session = ScopedResource[Session](open_session, session_factory)
    read_session_factory = Shared[sessionmaker[ReadSession]](build_read_session_factory, engine)
    read_session = ScopedResource[ReadSession](open_read_session, read_session_factory)
    turns = Shared[Turns](Turns, settings)
    turn = ScopedResource[Turn](Turn, turns)

    async_engine = Shared[AsyncEngine](build_async_engine, settings, location)
    async_session_factory = Shared[async_sessionmaker[AsyncSession]](build_async_session_factory, async_engine)
    async_session = ScopedResource[AsyncSession](open_async_session, async_session_factory)
    async_read_session_factory = Shared[async_sessionmaker[AsyncReadSession]](
        build_async_read_session_factory, async_engine
    )
    async_read_session = ScopedResource[AsyncReadSession](open_async_read_session, async_read_session_factory)
