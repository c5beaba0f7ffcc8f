from collections.abc import AsyncIterator

from dependency_injector import containers, providers
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.service import NoteService


async def open_session(factory: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncSession]:
    async with factory() as session:
        yield session
        await session.commit()


class Container(containers.DeclarativeContainer):
    wiring_config = containers.WiringConfiguration(modules=["app.routes"])

    config = providers.Configuration()
    engine = providers.Singleton(create_async_engine, config.database_url)
    session_factory = providers.Singleton(async_sessionmaker, engine, expire_on_commit=False)
    session = providers.Resource(open_session, session_factory)
    notes = providers.Factory(NoteService, session)
