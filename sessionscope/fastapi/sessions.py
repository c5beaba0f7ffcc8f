"""Sessions for plain ``Depends``. An endpoint asks for a session, and the scope closes it.

These dependencies need ``app.state.container`` and `ScopeMiddleware`. Set both up where you make the application.
"""

from collections.abc import AsyncIterator
from inspect import isawaitable
from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from sessionscope.database import SessionFactory
from sessionscope.fastapi.injection import container_of
from sessionscope.lifetimes.nesting import database_in
from sessionscope.lifetimes.scopes import current_scope


async def get_db(connection: HTTPConnection) -> AsyncIterator[Session]:
    """Yield the request's sync session, for plain ``Depends(get_db)``.

    The scope closes the session before the response is sent. Commit what you want to keep.

    Raises:
        ScopeError: No scope is open, as in a WebSocket.
        sqlalchemy.exc.TimeoutError: Other requests used all connections of the pool for too long.
    """
    database = database_of(connection)
    await _admit(database)
    yield database.session()


async def get_async_db(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """Yield the request's async session. Otherwise it is like `get_db`.

    If an async generator function or an async context manager makes the session, it is opened first.
    """
    session = database_of(connection).async_session()
    yield await session if isawaitable(session) else session


SessionDep = Annotated[Session, Depends(get_db)]
AsyncSessionDep = Annotated[AsyncSession, Depends(get_async_db)]


async def _admit(database: Any) -> None:
    provider = getattr(database, "session_factory", None)
    factory = provider() if provider is not None else None
    if isinstance(factory, SessionFactory):
        # Wait in the event loop. Threads that wait for a connection could not finish other requests.
        await factory.gate.admit(current_scope())


def database_of(connection: HTTPConnection) -> Any:
    """Return the database's container in the application that serves *connection*.

    It is the provider ``database`` of the application's container, or that container itself if it has no such
    provider.

    Raises:
        InjectionError: Neither the application nor one that it is mounted in has a container.
    """
    return database_in(container_of(connection))
