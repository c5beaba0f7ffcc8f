"""dependency-injector as its documentation has it: a resource per context, closed by ``Closing``."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from dependency_injector import containers, providers
from dependency_injector.wiring import Closing, Provide, inject
from fastapi import APIRouter, Depends, FastAPI, Query
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.peers.schema import PageQuery, Transfer, TransferIn, TransferOut, User, UserOut, UserPage
from benchmarks.peers.service import TransferRepository, TransferService, UserRepository, UserService
from benchmarks.peers.settings import ENGINE, NOTHING, SESSION

router = APIRouter()


async def make_session(sessions: async_sessionmaker[AsyncSession]) -> AsyncGenerator[AsyncSession, None]:
    async with sessions() as session:
        yield session


class Container(containers.DeclarativeContainer):
    config = providers.Configuration()

    engine = providers.Singleton(create_async_engine, config.url, **ENGINE)
    sessions = providers.Singleton(async_sessionmaker, engine, **SESSION)
    session = providers.ContextLocalResource(make_session, sessions)
    user_repository = providers.Factory(UserRepository, session)
    users = providers.Factory(UserService, user_repository)
    transfer_repository = providers.Factory(TransferRepository, session)
    transfers = providers.Factory(TransferService, transfer_repository)


UsersDep = Annotated[UserService, Depends(Closing[Provide[Container.users]])]
TransfersDep = Annotated[TransferService, Depends(Closing[Provide[Container.transfers]])]


@router.get("/users/{user_id}", response_model=UserOut)
@inject
async def get_user(user_id: int, users: UsersDep) -> User:
    return await users.get(user_id)


@router.get("/users/", response_model=UserPage)
@inject
async def list_users(query: Annotated[PageQuery, Query()], users: UsersDep) -> dict[str, Any]:
    return await users.page(query)


@router.post("/transfers/", status_code=201, response_model=TransferOut)
@inject
async def create_transfer(data: TransferIn, transfers: TransfersDep) -> Transfer:
    return await transfers.create(data)


@router.get("/nothing")
@inject
async def nothing(users: UsersDep) -> dict[str, str]:  # noqa: ARG001
    return NOTHING


def build(url: str) -> FastAPI:
    container = Container()
    container.config.url.from_value(url)
    container.wire(modules=[sys.modules[__name__]])

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
        yield
        await container.engine().dispose()

    app = FastAPI(lifespan=lifespan)
    app.state.container = container
    app.include_router(router)
    return app
