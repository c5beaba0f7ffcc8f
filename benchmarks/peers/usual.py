"""The usual pattern: a session per request from ``Depends(get_async_db)``, and ``response_model``."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.peers.schema import PageQuery, Transfer, TransferIn, TransferOut, User, UserOut, UserPage
from benchmarks.peers.service import TransferRepository, TransferService, UserRepository, UserService
from benchmarks.peers.settings import ENGINE, NOTHING, SESSION

router = APIRouter()


async def get_async_db(request: Request) -> AsyncGenerator[AsyncSession, None]:
    async with request.app.state.sessions() as session:
        yield session


async def get_users(session: Annotated[AsyncSession, Depends(get_async_db)]) -> UserService:
    return UserService(UserRepository(session))


async def get_transfers(session: Annotated[AsyncSession, Depends(get_async_db)]) -> TransferService:
    return TransferService(TransferRepository(session))


UsersDep = Annotated[UserService, Depends(get_users)]
TransfersDep = Annotated[TransferService, Depends(get_transfers)]


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
    return make_app(url, router)


def make_app(url: str, endpoints: APIRouter) -> FastAPI:
    engine = create_async_engine(url, **ENGINE)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)
    app.state.sessions = async_sessionmaker(engine, **SESSION)
    app.include_router(endpoints)
    return app
