"""Reads in visits, which hold a connection only while they read, and need no session."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.util import greenlet_spawn

from sessionscope.database.errors import Failure, failure_of
from sessionscope.database.factories import AsyncReadSessionFactory, ReadSessionFactory
from sessionscope.database.session import AsyncReadSession, ReadSession
from sessionscope.database.sources import Writes, visit

T = TypeVar("T")
S_co = TypeVar("S_co", ReadSession, AsyncReadSession, covariant=True)

_PASSING: Final = (Failure.CONNECTION_LOST, Failure.SERIALIZATION)
# A client that has waited longer for a server that has fallen silent gets the error, and no second wait.
PATIENCE_SECONDS: Final = 5.0


class SessionProvider(Protocol, Generic[S_co]):
    """A provider of the scope's read session."""

    @property
    def overridden(self) -> Sequence[Any]:
        """The providers that override this one; usually empty."""
        ...

    def __call__(self) -> S_co:
        """Return the session."""
        ...


class Reads:
    """Reads from the same database as the scope's read session, without creating that session.

    Args:
        factory: The factory of the read sessions.
        session: Gives the scope's read session.
        writes: Gives the scope's `Writes`.
    """

    __slots__ = ("_factory", "_session", "_writes")

    def __init__(
        self, factory: sessionmaker[ReadSession], session: SessionProvider[ReadSession], writes: Callable[[], Writes]
    ) -> None:
        self._factory = factory
        self._session = session
        self._writes = writes

    @property
    def session(self) -> ReadSession:
        """The scope's read session, for mapped objects; it keeps its connection until the scope ends."""
        return self._session()

    def read(self, work: Callable[[Connection], T]) -> T:
        """Call *work* with a connection and return its result; the connection goes back to the pool at once.

        If the connection is lost, or a replica ends the query, *work* is called once more with another connection,
        unless that took longer than `PATIENCE_SECONDS`.

        Raises:
            ScopeError: No scope is open. The scope knows whether it has written, and so which database to read from.
        """
        # Checked without replicas too, so that a read outside of a scope fails before a service gets replicas.
        writes = self._writes()
        if self._session.overridden or not isinstance(self._factory, ReadSessionFactory):
            return _read(work, _connect_as(self._session()))
        return _read(work, self._factory.sources.after(writes).connect)


class AsyncReads:
    """The async twin of `Reads`."""

    __slots__ = ("_factory", "_session", "_writes")

    def __init__(
        self,
        factory: async_sessionmaker[AsyncReadSession],
        session: SessionProvider[AsyncReadSession],
        writes: Callable[[], Writes],
    ) -> None:
        self._factory = factory
        self._session = session
        self._writes = writes

    @property
    def session(self) -> AsyncReadSession:
        """The scope's read session, for mapped objects; it keeps its connection until the scope ends."""
        return self._session()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Call *work*, a plain function, with a connection and return its result, as `Reads.read` does.

        SQLAlchemy's greenlet is entered only once, however many statements *work* sends.
        """
        writes = self._writes()
        if self._session.overridden or not isinstance(self._factory, AsyncReadSessionFactory):
            return await _in_greenlet(work, _connect_as(self._session().sync_session))
        source, threads = self._factory.sources.after(writes), self._factory.threads
        if threads is not None and threads.lead_to(source):
            return await threads.visit(work)
        return await _in_greenlet(work, source.connect)


async def _in_greenlet(work: Callable[[Connection], T], connect: Callable[[], AbstractContextManager[Connection]]) -> T:
    return await greenlet_spawn(_read, work, connect)


def _read(work: Callable[[Connection], T], connect: Callable[[], AbstractContextManager[Connection]]) -> T:
    began = time.monotonic()
    try:
        return visit(connect, work)
    except DBAPIError as error:
        if failure_of(error) not in _PASSING or time.monotonic() - began >= PATIENCE_SECONDS:
            raise
    return visit(connect, work)


def _connect_as(session: Session) -> Callable[[], AbstractContextManager[Connection]]:
    """Return a function that connects as *session* does, which is an override or has a test's connection."""
    bind = session.get_bind()
    return bind.connect if isinstance(bind, Engine) else lambda: nullcontext(bind)
