"""Session factories, each bound to its engine."""

from collections.abc import Awaitable
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from sessionscope.database.admission import AdmissionGate
from sessionscope.database.backends import backend_of
from sessionscope.database.location import DatabaseLocation
from sessionscope.database.replicas import build_async_replicas, build_replicas
from sessionscope.database.session import AsyncReadSession, AsyncWriteSession, ReadSession, WriteSession
from sessionscope.database.session_state import state_of
from sessionscope.database.sources import Sources
from sessionscope.database.threads import ReadingThreads
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
        self.gate = AdmissionGate(settings)


class AsyncSessionFactory(async_sessionmaker[AsyncSession]):
    """Makes async sessions that read and write."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine, class_=AsyncWriteSession, **SESSION_OPTIONS)


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
