"""The container of one database: settings -> engines -> session factories -> one session per scope."""

from dependency_injector.containers import DeclarativeContainer
from dependency_injector.providers import Factory
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from sessionscope import ScopedResource, Setting, Shared
from sessionscope.database import (
    AsyncReads,
    AsyncReadSession,
    AsyncReadSessionFactory,
    AsyncSessionFactory,
    DatabaseLocation,
    Reads,
    ReadSession,
    ReadSessionFactory,
    SessionFactory,
    Writes,
    build_async_engine,
    build_engine,
    open_session,
)
from sessionscope.settings import DatabaseSettings
from sessionscope.transactions import AsyncTransactions, RetryPolicy, Transactions


class DatabaseContainer(DeclarativeContainer):
    """One database, sync and async: ``DatabaseContainer(settings=DatabaseSettings(url=...))``."""

    # The process: each is built once, by its first use, and closed with the container.
    settings = Setting[DatabaseSettings](instance_of=DatabaseSettings)
    location = Shared(DatabaseLocation, settings)
    retry_policy = Shared(RetryPolicy, settings)
    engine = Shared[Engine](build_engine, settings, location)
    async_engine = Shared[AsyncEngine](build_async_engine, settings, location)
    session_factory = Shared(SessionFactory, engine, settings)
    async_session_factory = Shared(AsyncSessionFactory, async_engine, settings, engine, location)
    read_session_factory = Shared(ReadSessionFactory, engine, settings)
    async_read_session_factory = Shared(AsyncReadSessionFactory, async_engine, settings, engine, location)

    # The scope, which is a request, a job or a test. A ScopedResource is a Resource that lives as long as the scope:
    # its object is made when the scope first asks for it, is shared by the whole scope, and is closed at its end.
    writes = ScopedResource(Writes)
    session = ScopedResource[Session](open_session, session_factory, writes)
    async_session = ScopedResource[AsyncSession](open_session, async_session_factory, writes)
    read_session = ScopedResource[ReadSession](open_session, read_session_factory, writes)
    async_read_session = ScopedResource[AsyncReadSession](open_session, async_read_session_factory, writes)

    # The call: each time a new object, which takes the scope's session when it has something to do.
    transactions = Factory(Transactions, session.provider, retry_policy)
    async_transactions = Factory(AsyncTransactions, async_session.provider, retry_policy)
    reads = Factory(Reads, read_session_factory, read_session.provider, writes.provider)
    async_reads = Factory(AsyncReads, async_read_session_factory, async_read_session.provider, writes.provider)
