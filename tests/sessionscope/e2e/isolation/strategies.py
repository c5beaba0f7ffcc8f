"""Three ways to a session per request: ours, and the library's two resources with `Closing`."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from dependency_injector import providers, wiring
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from sessionscope import Provide, scope
from tests.sessionscope.service.containers import DatabaseContainer

S = TypeVar("S")


class Service(Generic[S]):
    """Something that works with the session that it is given."""

    def __init__(self, session: S) -> None:
        self.session = session


def opened(factory: sessionmaker[Session]) -> Generator[Session, None, None]:
    """Yield a session and close it, as the library's documentation writes a resource."""
    with closing(factory()) as session:
        yield session


async def async_opened(factory: async_sessionmaker[AsyncSession]) -> AsyncGenerator[AsyncSession, None]:
    """As `opened`, asynchronously."""
    async with factory() as session:
        yield session


class Scoped(DatabaseContainer):
    """Ours."""

    first = providers.Factory(Service[Session], DatabaseContainer.session)
    second = providers.Factory(Service[Session], DatabaseContainer.session)
    async_first = providers.Factory(Service[AsyncSession], DatabaseContainer.async_session)
    async_second = providers.Factory(Service[AsyncSession], DatabaseContainer.async_session)


class Resources(DatabaseContainer):
    """dependency-injector's resource: one object for the process, closed by the first request that ends."""

    session: Any = providers.Resource(opened, DatabaseContainer.session_factory)
    first = providers.Factory(Service[Session], session)
    second = providers.Factory(Service[Session], session)
    async_session: Any = providers.Resource(async_opened, DatabaseContainer.async_session_factory)
    async_first = providers.Factory(Service[AsyncSession], async_session)
    async_second = providers.Factory(Service[AsyncSession], async_session)


class ContextLocalResources(DatabaseContainer):
    """The library's resource with an object per context."""

    session: Any = providers.ContextLocalResource(opened, DatabaseContainer.session_factory)
    first = providers.Factory(Service[Session], session)
    second = providers.Factory(Service[Session], session)
    async_session: Any = providers.ContextLocalResource(async_opened, DatabaseContainer.async_session_factory)
    async_first = providers.Factory(Service[AsyncSession], async_session)
    async_second = providers.Factory(Service[AsyncSession], async_session)


@dataclass(frozen=True)
class Strategy:
    """A way to write a container and its endpoints.

    Attributes:
        name: As documented.
        container: Has the sessions and the services, by the same names in each.
        marker: Marks a parameter of an endpoint that the named provider is to fill.
        inject: Decorates the endpoint.
        message_scope: What a WebSocket opens around each message.
    """

    name: str
    container: type[DatabaseContainer]
    marker: Callable[[str], Any]
    inject: Callable[[Any], Any]
    message_scope: Callable[[], AbstractAsyncContextManager[Any]]


def provided(name: str) -> Any:
    """Mark a parameter our way."""
    return Provide[name]


def provided_and_closed(name: str) -> Any:
    """Mark a parameter the library's way: closed when the function returns."""
    return wiring.Closing[wiring.Provide[name]]


def undecorated(endpoint: Any) -> Any:
    """Return the endpoint as it is: FastAPI solves our markers."""
    return endpoint


OURS: Final = Strategy("ScopedResource", Scoped, provided, undecorated, scope)
THEIRS: Final = [
    Strategy("Resource + Closing", Resources, provided_and_closed, wiring.inject, nullcontext),
    Strategy("ContextLocalResource + Closing", ContextLocalResources, provided_and_closed, wiring.inject, nullcontext),
]
STRATEGIES: Final = [OURS, *THEIRS]
