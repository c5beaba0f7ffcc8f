"""Session factories, each bound to its engine."""

from collections.abc import Awaitable
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from sessionscope.database.admission import AdmissionGate, build_write_gate
from sessionscope.database.backends import backend_of
from sessionscope.database.location import DatabaseLocation
from sessionscope.database.replicas import build_async_replicas, build_replicas
from sessionscope.database.session import (
    AsyncReadSession,
    AsyncWriteSession,
    ReadSession,
    ThreadedWriteSession,
    WriteSession,
)
from sessionscope.database.session_state import state_of
from sessionscope.database.sources import Sources
from sessionscope.database.threads import ReadingThreads
from sessionscope.database.writer import Writer
from sessionscope.settings import DatabaseSettings

# No session flushes or loads anything by accident, and a closed session stays closed.
SESSION_OPTIONS: Final[dict[str, Any]] = {"autoflush": False, "expire_on_commit": False, "close_resets_only": False}


class SessionFactory(sessionmaker[Session]):
    """Makes sync sessions that read and write.

    Attributes:
        gate: The admission gate, which admits as many scopes as the engine's pool has connections.
    """

    def __init__(self, engine: Engine, settings: DatabaseSettings) -> None:
        super().__init__(engine, class_=WriteSession, **SESSION_OPTIONS)
        self.gate = AdmissionGate(engine, settings)


class AsyncSessionFactory(async_sessionmaker[AsyncSession]):
    """Makes async sessions that read and write.

    Args:
        engine: The engine of the sessions.
        settings: The settings of the database.
        sync_engine: The engine for units of work in SQLite's writer, if it leads to the same database as *engine*.
        location: Knows which engines lead to the same database.

    Attributes:
        writer: The thread for units of work that are plain functions; None for any database but SQLite, and without
            the last three arguments. Such units then run in the event loop.
        write_gate: The gate that leaves a share of the pool to reads; None without *settings*, and where there is no
            need for it.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        settings: DatabaseSettings | None = None,
        sync_engine: Engine | None = None,
        location: DatabaseLocation | None = None,
    ) -> None:
        self.writer: Writer | None = None
        self.write_gate = build_write_gate(engine, settings) if settings is not None else None
        if settings is not None and sync_engine is not None and location is not None:
            self.writer = _writer(engine, settings, sync_engine, location)
        inner = WriteSession if self.writer is None else ThreadedWriteSession
        super().__init__(engine, class_=AsyncWriteSession, sync_session_class=inner, **SESSION_OPTIONS)

    def __call__(self, **options: Any) -> AsyncSession:
        """Return a new session."""
        session = super().__call__(**options)
        state = state_of(session.sync_session)
        state.writer, state.write_gate = self.writer, self.write_gate
        return session

    def dispose(self) -> Awaitable[None] | None:
        """End the writer's thread; return an awaitable if there is one."""
        return self.writer.dispose() if self.writer is not None and self.writer.is_used else None


class ReadSessionFactory(sessionmaker[ReadSession]):
    """Makes sync sessions that only read, from the replicas if the settings name some.

    Attributes:
        sources: The engines from which the sessions read.
    """

    def __init__(self, engine: Engine, settings: DatabaseSettings) -> None:
        self._replicas = build_replicas(settings)
        self.sources = Sources(engine, self._replicas)
        super().__init__(self.sources.usual.view, class_=ReadSession, **SESSION_OPTIONS)

    def __call__(self, **options: Any) -> ReadSession:
        """Return a new session."""
        session = super().__call__(**options)
        state_of(session).sources = self.sources
        return session

    def dispose(self) -> None:
        """Close the connections to the replicas."""
        if self._replicas is not None:
            self._replicas.dispose()


class AsyncReadSessionFactory(async_sessionmaker[AsyncReadSession]):
    """Makes async sessions that only read, from the replicas if the settings name some.

    Args:
        engine: The engine of the primary.
        settings: The settings, which name the replicas.
        sync_engine: The engine for visits in threads to a database without a server, if it leads to the same database
            as *engine*.
        location: Knows which engines lead to the same database.

    Attributes:
        sources: The sync engines, inside the async ones, from which the sessions read.
        threads: The threads for visits to a database without a server, such as SQLite; None for any other database.
    """

    def __init__(
        self, engine: AsyncEngine, settings: DatabaseSettings, sync_engine: Engine, location: DatabaseLocation
    ) -> None:
        self._replicas = build_async_replicas(settings)
        replicas = self._replicas.sync_engine if self._replicas is not None else None
        self.sources = Sources(engine.sync_engine, replicas)
        is_embedded = backend_of(sync_engine.dialect.name).is_embedded
        self.threads = ReadingThreads(sync_engine, location) if is_embedded else None
        super().__init__(AsyncEngine(self.sources.usual.view), class_=AsyncReadSession, **SESSION_OPTIONS)

    def __call__(self, **options: Any) -> AsyncReadSession:
        """Return a new session."""
        session = super().__call__(**options)
        state_of(session.sync_session).sources = self.sources
        return session

    def dispose(self) -> Awaitable[None] | None:
        """End the threads and close the connections to the replicas; return an awaitable if there are any."""
        return self._dispose() if self.threads is not None or self._replicas is not None else None

    async def _dispose(self) -> None:
        try:
            if self.threads is not None:
                await self.threads.dispose()
        finally:
            if self._replicas is not None:
                await self._replicas.dispose()


def _writer(
    engine: AsyncEngine, settings: DatabaseSettings, sync_engine: Engine, location: DatabaseLocation
) -> Writer | None:
    is_embedded = backend_of(sync_engine.dialect.name).is_embedded
    if not is_embedded or not location.has(engine.sync_engine, sync_engine):
        return None
    return Writer(sync_engine, engine.sync_engine, settings.lock_timeout)
