"""dishka: providers by type, a container per request from its middleware, routes that inject by themselves."""

from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from dishka import Provider, Scope, make_async_container, provide
from dishka.integrations.fastapi import DishkaRoute, FromDishka, setup_dishka
from fastapi import APIRouter, FastAPI, Query
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.peers.schema import PageQuery, Transfer, TransferIn, TransferOut, User, UserOut, UserPage
from benchmarks.peers.service import TransferRepository, TransferService, UserRepository, UserService
from benchmarks.peers.settings import ENGINE, NOTHING, SESSION

router = APIRouter(route_class=DishkaRoute)


class DatabaseProvider(Provider):
    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    @provide(scope=Scope.APP)
    async def engine(self) -> AsyncIterable[AsyncEngine]:
        engine = create_async_engine(self._url, **ENGINE)
        yield engine
        await engine.dispose()

    @provide(scope=Scope.APP)
    def sessions(self, engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
        return async_sessionmaker(engine, **SESSION)

    @provide(scope=Scope.REQUEST)
    async def session(self, sessions: async_sessionmaker[AsyncSession]) -> AsyncIterable[AsyncSession]:
        async with sessions() as session:
            yield session


class ServiceProvider(Provider):
    scope = Scope.REQUEST
    user_repository = provide(UserRepository)
    users = provide(UserService)
    transfer_repository = provide(TransferRepository)
    transfers = provide(TransferService)


@router.get("/users/{user_id}", response_model=UserOut)
async def get_user(user_id: int, users: FromDishka[UserService]) -> User:
    return await users.get(user_id)


@router.get("/users/", response_model=UserPage)
async def list_users(query: Annotated[PageQuery, Query()], users: FromDishka[UserService]) -> dict[str, Any]:
    return await users.page(query)


@router.post("/transfers/", status_code=201, response_model=TransferOut)
async def create_transfer(data: TransferIn, transfers: FromDishka[TransferService]) -> Transfer:
    return await transfers.create(data)


@router.get("/nothing")
async def nothing(users: FromDishka[UserService]) -> dict[str, str]:  # noqa: ARG001
    return NOTHING


def build(url: str) -> FastAPI:
    container = make_async_container(DatabaseProvider(url), ServiceProvider())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
        yield
        await container.close()

    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    setup_dishka(container, app)
    return app
