"""This service, with endpoints that read through its container's services: a connection for as long as a read takes."""

from collections.abc import AsyncGenerator
from itertools import count
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import StreamingResponse
from sqlalchemy import Pool

from app.dependencies import UsersDep
from app.users.schemas import UserOut, UserQuery
from app.users.service import UserService
from benchmarks.connections import other_service
from benchmarks.peers import ours
from containers import check_container

PART: Final = 500

router = APIRouter()


@router.get("/checked/{user_id}")
async def get_checked_user(user_id: int, users: UsersDep) -> UserOut:
    user = await users.get(user_id)
    await other_service.ask()
    return user


@router.get("/export")
async def export_users(users: UsersDep) -> StreamingResponse:
    return StreamingResponse(_lines(users), media_type="application/x-ndjson")


async def _lines(users: UserService) -> AsyncGenerator[str, None]:
    for offset in count(0, PART):
        page = await users.page(UserQuery(limit=PART, offset=offset))
        yield "".join(f"{user.model_dump_json()}\n" for user in page.items)
        if offset + PART >= page.total:
            return


def build(url: str) -> tuple[FastAPI, Pool]:
    app = ours.build(url)
    app.include_router(router)
    container = app.state.container
    check_container(container, app)
    return app, container.database.async_engine().pool
