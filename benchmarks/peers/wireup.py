"""wireup: injectables by type, a scope per request, and the route class that its page on performance advises."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import wireup
from fastapi import APIRouter, FastAPI, Query
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from wireup import Inject, Injected, injectable
from wireup.integration.fastapi import WireupRoute, setup

from benchmarks.peers import service
from benchmarks.peers.schema import PageQuery, Transfer, TransferIn, TransferOut, User, UserOut, UserPage
from benchmarks.peers.service import TransferService, UserService
from benchmarks.peers.settings import ENGINE, NOTHING, SESSION

router = APIRouter(route_class=WireupRoute)


@injectable
async def make_engine(url: Annotated[str, Inject(config="url")]) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(url, **ENGINE)
    yield engine
    await engine.dispose()


@injectable
def make_sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, **SESSION)


@injectable(lifetime="scoped")
async def make_session(sessions: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


SCOPED = (service.UserRepository, service.UserService, service.TransferRepository, service.TransferService)


@router.get("/users/{user_id}", response_model=UserOut)
async def get_user(user_id: int, users: Injected[UserService]) -> User:
    return await users.get(user_id)


@router.get("/users/", response_model=UserPage)
async def list_users(query: Annotated[PageQuery, Query()], users: Injected[UserService]) -> dict[str, Any]:
    return await users.page(query)


@router.post("/transfers/", status_code=201, response_model=TransferOut)
async def create_transfer(data: TransferIn, transfers: Injected[TransferService]) -> Transfer:
    return await transfers.create(data)


@router.get("/nothing")
async def nothing(users: Injected[UserService]) -> dict[str, str]:  # noqa: ARG001
    return NOTHING


def build(url: str) -> FastAPI:
    scoped = [injectable(lifetime="scoped")(each) for each in SCOPED]
    container = wireup.create_async_container(
        injectables=[make_engine, make_sessions, make_session, *scoped], config={"url": url}
    )
    app = FastAPI()
    app.include_router(router)
    setup(container, app)
    return app
