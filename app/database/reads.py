"""Reading in visits: a connection for as long as a read takes, and a session only for who wants one."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy.util import greenlet_spawn

from app.database.errors import Failure, failure_of
from app.database.session import AsyncReadSession, Writes, source_of, visit
from app.database.threads import ReadingThreads

T = TypeVar("T")

_PASSING: Final = (Failure.CONNECTION_LOST, Failure.SERIALIZATION)


class AsyncReads:
    """Reads where the scope's read session would, without making it.

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
        session: Callable[[], AsyncReadSession],
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
        """
        if self._threads.are_there and source_of(self._factory) is not None:
            return await self._threads.visit(work)
        return await greenlet_spawn(partial(self._read, work), _require_await=False)

    def _read(self, work: Callable[[Connection], T]) -> T:
        connect = self._connect()
        try:
            return visit(connect, work)
        except DBAPIError as error:
            if failure_of(error) not in _PASSING:
                raise
        return visit(connect, work)

    def _connect(self) -> Callable[[], AbstractContextManager[Connection]]:
        source = source_of(self._factory, self._writes)
        if source is not None:
            return source.connect
        # A factory of another kind, as an override may be, or on a connection of somebody else's, as a test's.
        bind = self._session().sync_session.get_bind()
        return bind.connect if isinstance(bind, Engine) else lambda: nullcontext(bind)
