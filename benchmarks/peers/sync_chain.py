"""The usual pattern with plain ``def`` dependencies, which FastAPI sends through its thread pool: two hops."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.peers import usual
from benchmarks.peers.schema import PageQuery, Transfer, TransferIn, TransferOut, User, UserOut, UserPage
from benchmarks.peers.service import TransferRepository, TransferService, UserRepository, UserService
from benchmarks.peers.settings import NOTHING

router = APIRouter()
SessionDep = Annotated[AsyncSession, Depends(usual.get_async_db)]


def get_user_repository(session: SessionDep) -> UserRepository:
    return UserRepository(session)


def get_users(users: Annotated[UserRepository, Depends(get_user_repository)]) -> UserService:
    return UserService(users)


def get_transfer_repository(session: SessionDep) -> TransferRepository:
    return TransferRepository(session)


def get_transfers(transfers: Annotated[TransferRepository, Depends(get_transfer_repository)]) -> TransferService:
    return TransferService(transfers)


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
    return usual.make_app(url, router)
