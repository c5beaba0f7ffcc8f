"""Reading in visits: a connection for as long as a read takes, and a session only for who wants one."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy.util import greenlet_spawn

from sessionscope.database.errors import Failure, failure_of
from sessionscope.database.session import AsyncReadSession, Source, Writes, source_of, visit
from sessionscope.database.threads import ReadingThreads

T = TypeVar("T")

_PASSING: Final = (Failure.CONNECTION_LOST, Failure.SERIALIZATION)


class SessionProvider(Protocol):
    """Gives the scope's read session."""

    @property
    def overridden(self) -> Sequence[Any]:
        """What gives the session instead; empty as a rule."""
        ...

    def __call__(self) -> AsyncReadSession:
        """Return the session."""
        ...


class AsyncReads:
    """Reads from the database that the scope's read session reads from, without creating that session.

    Args:
        factory: The read sessions' factory, whose engine or connection is read from.
        session: Gives the scope's read session.
        writes: Gives the scope's `Writes`.
        threads: Where visits to SQLite take place.
    """

    __slots__ = ("_factory", "_session", "_threads", "_writes")

    def __init__(
        self,
        factory: async_sessionmaker[AsyncReadSession],
        session: SessionProvider,
        writes: Callable[[], Writes],
        threads: ReadingThreads,
    ) -> None:
        self._factory = factory
        self._session = session
        self._writes = writes
        self._threads = threads

    @property
    def session(self) -> AsyncReadSession:
        """The scope's read session, for mapped objects; it keeps its connection until the scope ends."""
        return self._session()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Return what *work* reads from a connection, which is given back at once.

        However many statements it sends, there is one switch to SQLAlchemy's own context and back.
        Where the connection is lost, or a replica ends the query, *work* is called once more, with another one.

        Raises:
            ScopeError: No scope is open, so nobody could tell whether the read is to see a write of its own.
        """
        source = self._source()
        if source is not None and self._threads.lead_to(source):
            return await self._threads.visit(work)
        return await greenlet_spawn(partial(self._read, work, source), _require_await=False)

    def _source(self) -> Source | None:
        # Asked for with and without replicas, so that a read outside of a scope fails before there are any.
        writes = self._writes()
        return None if self._session.overridden else source_of(self._factory, writes)

    def _read(self, work: Callable[[Connection], T], source: Source | None) -> T:
        connect = source.connect if source is not None else self._connect()
        try:
            return visit(connect, work)
        except DBAPIError as error:
            if failure_of(error) not in _PASSING:
                raise
        return visit(connect, work)

    def _connect(self) -> Callable[[], AbstractContextManager[Connection]]:
        # The session or its factory is an override, or the factory has somebody else's connection, as a test's.
        bind = self._session().sync_session.get_bind()
        return bind.connect if isinstance(bind, Engine) else lambda: nullcontext(bind)
