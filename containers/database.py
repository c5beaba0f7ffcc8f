"""The container of one database: settings -> engines -> session factories -> one session per scope."""

from dependency_injector import containers, providers
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from config import DatabaseSettings
from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.database.location import DatabaseLocation
from sessionscope.database.reads import AsyncReads
from sessionscope.database.replicas import Replicas, build_async_replicas, build_replicas
from sessionscope.database.session import (
    AsyncReadSession,
    ReadSession,
    Writes,
    build_async_read_session_factory,
    build_async_session_factory,
    build_read_session_factory,
    build_session_factory,
    open_session,
)
from sessionscope.database.threads import ReadingThreads
from sessionscope.database.turns import Turn, Turns
from sessionscope.fastapi.wiring import GuardedContainer
from sessionscope.lifetimes.scopes import ScopedResource
from sessionscope.lifetimes.shared import Setting, Shared
from sessionscope.transactions.retry import RetryPolicy
from sessionscope.transactions.unit_of_work import AsyncTransactions, Transactions


class DatabaseContainer(containers.DeclarativeContainer):
    """One database, sync and async. Give it its settings: ``DatabaseContainer(settings=DatabaseSettings(url=...))``."""

    instance_type = GuardedContainer

    settings = Setting[DatabaseSettings](instance_of=DatabaseSettings)
    location = Shared[DatabaseLocation](DatabaseLocation, settings)

    writes = ScopedResource[Writes](Writes)
    retry_policy = Shared[RetryPolicy](RetryPolicy, settings)

    engine = Shared[Engine](build_engine, settings, location)
    session_factory = Shared[sessionmaker[Session]](build_session_factory, engine)
    session = ScopedResource[Session](open_session, session_factory, writes)
    transactions = providers.Factory(Transactions, session.provider, retry_policy)
    replicas = Shared[Replicas[Engine]](build_replicas, settings)
    read_session_factory = Shared[sessionmaker[ReadSession]](build_read_session_factory, engine, replicas)
    read_session = ScopedResource[ReadSession](open_session, read_session_factory, writes)
    turns = Shared[Turns](Turns, settings)
    turn = ScopedResource[Turn](Turn, turns)

    async_engine = Shared[AsyncEngine](build_async_engine, settings, location)
    async_session_factory = Shared[async_sessionmaker[AsyncSession]](build_async_session_factory, async_engine)
    async_session = ScopedResource[AsyncSession](open_session, async_session_factory, writes)
    async_transactions = providers.Factory(AsyncTransactions, async_session.provider, retry_policy)
    async_replicas = Shared[Replicas[AsyncEngine]](build_async_replicas, settings)
    async_read_session_factory = Shared[async_sessionmaker[AsyncReadSession]](
        build_async_read_session_factory, async_engine, async_replicas
    )
    async_read_session = ScopedResource[AsyncReadSession](open_session, async_read_session_factory, writes)
    reading_threads = Shared[ReadingThreads](ReadingThreads, engine, location)
    async_reads = providers.Factory(
        AsyncReads, async_read_session_factory, async_read_session.provider, writes.provider, reading_threads
    )
