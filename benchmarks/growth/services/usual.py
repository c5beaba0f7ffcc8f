"""The usual pattern: a function for ``Depends`` per service, all on the one session of the request."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.growth.services.endpoint import COUNTS, path, taking
from benchmarks.peers.usual import get_async_db, make_app

router = APIRouter()


class Service:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session


def make_getter() -> Callable[..., Awaitable[Service]]:
    # One for each service: FastAPI calls the same function only once for a request.
    async def get_service(session: Annotated[AsyncSession, Depends(get_async_db)]) -> Service:
        return Service(session)

    return get_service


getters = [make_getter() for _ in range(max(COUNTS))]
for count in COUNTS:
    router.get(path(count))(taking(Annotated[Service, Depends(getter)] for getter in getters[:count]))


def build(url: str) -> FastAPI:
    return make_app(url, router)
