"""The endpoints of the matrix that are `def` functions and use the sync session, built for each strategy."""

# FastAPI calls what nothing here does:
# pyright: reportUnusedFunction=false

import time
from collections.abc import Generator
from typing import Any, Final

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from sessionscope import inject
from tests.sessionscope.e2e.isolation.crowd import Visitor
from tests.sessionscope.e2e.isolation.strategies import STRATEGIES, Service, Strategy
from tests.sessionscope.e2e.isolation.visits import PAUSE_SECONDS, OutOfOrderError, VisitorDep


def sync_endpoints(strategy: Strategy) -> APIRouter:
    """Return all of them."""
    router = APIRouter(prefix="/sync")
    for add in (add_responses, add_dependencies, add_streams, add_background, add_failures):
        add(router, strategy)
    return router


def add_responses(router: APIRouter, strategy: Strategy) -> None:
    """Add the ordinary ones."""
    asked: Any = Depends(strategy.marker("session"))
    asked_first: Any = Depends(strategy.marker("first"))
    asked_second: Any = Depends(strategy.marker("second"))

    @router.get("/plain")
    @strategy.inject
    def plain(visitor: VisitorDep, session: Session = asked) -> str:
        return visitor.visit(session)

    @router.get("/services")
    @strategy.inject
    def services(
        visitor: VisitorDep, first: Service[Session] = asked_first, second: Service[Session] = asked_second
    ) -> str:
        return visitor.visit(first.session, second.session)


def add_dependencies(router: APIRouter, strategy: Strategy) -> None:
    """Add those with a dependency that is given the session too."""
    asked: Any = Depends(strategy.marker("session"))

    @strategy.inject
    def get_session(visitor: VisitorDep, session: Session = asked) -> Session:
        visitor.use(session)
        return session

    asked_below: Any = Depends(get_session)

    @router.get("/nested")
    @strategy.inject
    def nested(visitor: VisitorDep, below: Session = asked_below, session: Session = asked) -> str:
        return visitor.visit(below, session)

    @router.get("/mixed")
    @strategy.inject
    async def mixed(visitor: VisitorDep, below: Session = asked_below, session: Session = asked) -> str:
        visitor.use(below, session)
        await visitor.crowd.async_wait(visitor.number)
        visitor.use(below, session)
        return "done"


def add_streams(router: APIRouter, strategy: Strategy) -> None:
    """Add those whose body is made while it is sent."""
    asked: Any = Depends(strategy.marker("session"))

    @router.get("/stream")
    @strategy.inject
    def stream(visitor: VisitorDep, session: Session = asked) -> StreamingResponse:
        def body() -> Generator[str, None, None]:
            yield "begun, "
            yield visitor.visit(session)

        visitor.use(session)
        return StreamingResponse(body())

    @router.get("/endless")
    @strategy.inject
    def endless(visitor: VisitorDep, session: Session = asked) -> StreamingResponse:
        def body() -> Generator[str, None, None]:
            yield visitor.visit(session)
            while True:
                visitor.use(session)
                yield "more"
                time.sleep(PAUSE_SECONDS)

        visitor.use(session)
        return StreamingResponse(body())


def add_background(router: APIRouter, strategy: Strategy) -> None:
    """Add the one whose work goes on after its response."""
    asked: Any = Depends(strategy.marker("session"))
    given: Any = strategy.marker("session")

    @inject
    def job(visitor: Visitor, session: Session = given) -> None:
        visitor.visit(session)

    @router.get("/background")
    @strategy.inject
    def background(visitor: VisitorDep, tasks: BackgroundTasks, session: Session = asked) -> str:
        visitor.use(session)
        tasks.add_task(job, visitor.at("background"))
        return "done"


def add_failures(router: APIRouter, strategy: Strategy) -> None:
    """Add those that do not come to a good end."""
    asked: Any = Depends(strategy.marker("session"))

    @router.get("/raising")
    @strategy.inject
    def raising(visitor: VisitorDep, session: Session = asked) -> str:
        visitor.visit(session)
        raise OutOfOrderError

    @router.get("/refusing")
    @strategy.inject
    def refusing(visitor: VisitorDep, session: Session = asked) -> str:
        visitor.visit(session)
        raise HTTPException(409)

    @router.get("/staying")
    @strategy.inject
    def staying(visitor: VisitorDep, session: Session = asked) -> str:
        visitor.visit(session)
        visitor.stay(session)
        return "done"


# Built once, when this module is imported: the library remembers injected functions for ever.
SYNC_ROUTERS: Final = {strategy.name: sync_endpoints(strategy) for strategy in STRATEGIES}
