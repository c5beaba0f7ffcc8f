"""The endpoints of the matrix that are `async def` functions and use the async session, built for each strategy."""

# FastAPI calls what nothing here does:
# pyright: reportUnusedFunction=false

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, WebSocket
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from sessionscope import inject
from tests.sessionscope.e2e.isolation.crowd import Visitor
from tests.sessionscope.e2e.isolation.strategies import STRATEGIES, Service, Strategy
from tests.sessionscope.e2e.isolation.visits import PAUSE_SECONDS, OutOfOrderError, VisitorDep


def async_endpoints(strategy: Strategy) -> APIRouter:
    """Return all of them."""
    router = APIRouter(prefix="/async")
    for add in (add_responses, add_dependency, add_streams, add_background, add_failures, add_messages):
        add(router, strategy)
    return router


def add_responses(router: APIRouter, strategy: Strategy) -> None:
    """Add the ordinary ones."""
    asked: Any = Depends(strategy.marker("async_session"))
    asked_first: Any = Depends(strategy.marker("async_first"))
    asked_second: Any = Depends(strategy.marker("async_second"))

    @router.get("/plain")
    @strategy.inject
    async def plain(visitor: VisitorDep, session: AsyncSession = asked) -> str:
        return await visitor.async_visit(session)

    @router.get("/services")
    @strategy.inject
    async def services(
        visitor: VisitorDep, first: Service[AsyncSession] = asked_first, second: Service[AsyncSession] = asked_second
    ) -> str:
        return await visitor.async_visit(first.session, second.session)


def add_dependency(router: APIRouter, strategy: Strategy) -> None:
    """Add the one with a dependency that is given the session too."""
    asked: Any = Depends(strategy.marker("async_session"))

    @strategy.inject
    async def get_session(visitor: VisitorDep, session: AsyncSession = asked) -> AsyncSession:
        await visitor.async_use(session)
        return session

    asked_below: Any = Depends(get_session)

    @router.get("/nested")
    @strategy.inject
    async def nested(visitor: VisitorDep, below: AsyncSession = asked_below, session: AsyncSession = asked) -> str:
        return await visitor.async_visit(below, session)


def add_streams(router: APIRouter, strategy: Strategy) -> None:
    """Add those whose body is made while it is sent."""
    asked: Any = Depends(strategy.marker("async_session"))

    @router.get("/stream")
    @strategy.inject
    async def stream(visitor: VisitorDep, session: AsyncSession = asked) -> StreamingResponse:
        async def body() -> AsyncGenerator[str, None]:
            yield "begun, "
            yield await visitor.async_visit(session)

        await visitor.async_use(session)
        return StreamingResponse(body())

    @router.get("/endless")
    @strategy.inject
    async def endless(visitor: VisitorDep, session: AsyncSession = asked) -> StreamingResponse:
        async def body() -> AsyncGenerator[str, None]:
            yield await visitor.async_visit(session)
            while True:
                await visitor.async_use(session)
                yield "more"
                await asyncio.sleep(PAUSE_SECONDS)

        await visitor.async_use(session)
        return StreamingResponse(body())


def add_background(router: APIRouter, strategy: Strategy) -> None:
    """Add the one whose work goes on after its response."""
    asked: Any = Depends(strategy.marker("async_session"))
    given: Any = strategy.marker("async_session")

    @inject
    async def job(visitor: Visitor, session: AsyncSession = given) -> None:
        await visitor.async_visit(session)

    @router.get("/background")
    @strategy.inject
    async def background(visitor: VisitorDep, tasks: BackgroundTasks, session: AsyncSession = asked) -> str:
        await visitor.async_use(session)
        tasks.add_task(job, visitor.at("background"))
        return "done"


def add_failures(router: APIRouter, strategy: Strategy) -> None:
    """Add those that do not come to a good end."""
    asked: Any = Depends(strategy.marker("async_session"))

    @router.get("/raising")
    @strategy.inject
    async def raising(visitor: VisitorDep, session: AsyncSession = asked) -> str:
        await visitor.async_visit(session)
        raise OutOfOrderError

    @router.get("/refusing")
    @strategy.inject
    async def refusing(visitor: VisitorDep, session: AsyncSession = asked) -> str:
        await visitor.async_visit(session)
        raise HTTPException(409)

    @router.get("/staying")
    @strategy.inject
    async def staying(visitor: VisitorDep, session: AsyncSession = asked) -> str:
        await visitor.async_visit(session)
        await visitor.async_stay()
        return "done"


def add_messages(router: APIRouter, strategy: Strategy) -> None:
    """Add the WebSocket, with a scope per message."""
    given: Any = strategy.marker("async_session")

    @inject
    async def answer(visitor: Visitor, session: AsyncSession = given) -> str:
        return await visitor.async_visit(session)

    @router.websocket("/messages")
    async def messages(socket: WebSocket, visitor: VisitorDep) -> None:
        await socket.accept()
        async for message in socket.iter_text():
            async with strategy.message_scope():
                response = await answer(visitor.at(message))
            await socket.send_text(response)


# Built once, when this module is imported: the library remembers injected functions for ever.
ASYNC_ROUTERS: Final = {strategy.name: async_endpoints(strategy) for strategy in STRATEGIES}
