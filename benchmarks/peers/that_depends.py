"""that-depends: a container of providers, a context per request from its middleware, FastAPI's own ``Depends``."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from that_depends import BaseContainer, providers
from that_depends.providers import DIContextMiddleware
from that_depends.providers.context_resources import ContextScopes

from benchmarks.peers.schema import PageQuery, Transfer, TransferIn, TransferOut, User, UserOut, UserPage
from benchmarks.peers.service import TransferRepository, TransferService, UserRepository, UserService
from benchmarks.peers.settings import ENGINE, NOTHING, SESSION

router = APIRouter()


async def make_engine(url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(url, **ENGINE)
    yield engine
    await engine.dispose()


def make_sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, **SESSION)


async def make_session(sessions: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


class Container(BaseContainer):
    default_scope = ContextScopes.REQUEST

    url = providers.Object("")
    engine = providers.Resource(make_engine, url.cast)
    sessions = providers.Singleton(make_sessions, engine.cast)
    session = providers.ContextResource(make_session, sessions.cast)
    users = providers.Factory(UserService, providers.Factory(UserRepository, session.cast).cast)
    transfers = providers.Factory(TransferService, providers.Factory(TransferRepository, session.cast).cast)


UsersDep = Annotated[UserService, Depends(Container.users)]
TransfersDep = Annotated[TransferService, Depends(Container.transfers)]


@router.get("/users/{user_id}", response_model=UserOut)
async def get_user(user_id: int, users: UsersDep) -> User:
    return await users.get(user_id)


@router.get("/users/", response_model=UserPage)
async def list_users(query: Annotated[PageQuery, Query()], users: UsersDep) -> dict[str, Any]:
    return await users.page(query)


@router.post("/transfers/", status_code=201, response_model=TransferOut)
async def create_transfer(data: TransferIn, transfers: TransfersDep) -> Transfer:
    return await transfers.create(data)


@router.get("/nothing")
async def nothing(users: UsersDep) -> dict[str, str]:  # noqa: ARG001
    return NOTHING


def build(url: str) -> FastAPI:
    Container.url.override_sync(url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
        await Container.sessions()
        yield
        await Container.tear_down()

    app = FastAPI(lifespan=lifespan)
    app.add_middleware(DIContextMiddleware, Container, scope=ContextScopes.REQUEST)
    app.include_router(router)
    return app
