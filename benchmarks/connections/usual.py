"""The usual pattern, with endpoints as most would write them: on the session that ``Depends`` keeps open."""

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import StreamingResponse
from sqlalchemy import Pool, select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.connections import other_service
from benchmarks.connections.ours import PART
from benchmarks.peers import usual
from benchmarks.peers.schema import User, UserOut

router = APIRouter()
SessionDep = Annotated[AsyncSession, Depends(usual.get_async_db)]


@router.get("/checked/{user_id}", response_model=UserOut)
async def get_checked_user(user_id: int, users: usual.UsersDep) -> User:
    user = await users.get(user_id)
    await other_service.ask()
    return user


@router.get("/export")
async def export_users(session: SessionDep) -> StreamingResponse:
    return StreamingResponse(_lines(session), media_type="application/x-ndjson")


async def _lines(session: AsyncSession) -> AsyncGenerator[str, None]:
    users = await session.stream_scalars(select(User).order_by(User.id))
    async for part in users.partitions(PART):
        yield "".join(f"{UserOut.model_validate(user).model_dump_json()}\n" for user in part)


def build(url: str) -> tuple[FastAPI, Pool]:
    app = usual.build(url)
    app.include_router(router)
    return app, app.state.sessions.kw["bind"].pool
