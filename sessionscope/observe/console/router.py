"""The routes of the console. They need no session, and no connection unless you ask for a plan or a check."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.params import Depends as Dependency

from sessionscope.database.repeated_statements import repeated_statements
from sessionscope.errors import NOT_FOUND
from sessionscope.fastapi.injection import container_of
from sessionscope.fastapi.problems import ProblemError
from sessionscope.fastapi.request_log import WITHOUT_LINE
from sessionscope.observe.console.access import refuse_other_machines, refuse_other_origins
from sessionscope.observe.console.checking import check_databases
from sessionscope.observe.console.page import file_response, json_response, read_files
from sessionscope.observe.console.plans import NoPlanError, explain
from sessionscope.observe.console.reading import read_service
from sessionscope.observe.console.states import LiveState, Plan, StatementId
from sessionscope.observe.console.threads import in_own_thread
from sessionscope.observe.inspection.asking import siblings
from sessionscope.observe.inspection.observing import process_state


def build_console_router(*, allow: Dependency | None = None, project: Path | None = None) -> APIRouter:
    """Return a router with the page ``/console``. From now on, repeated statements of a request are counted.

    Args:
        allow: A dependency that refuses anybody who may not see the console, such as ``Depends(require_admin)``. By
            default, only clients on this machine may see it.
        project: The folder of the ``pyproject.toml`` that configures Alembic. By default, it is searched for.
    """
    repeated_statements.watch()
    router = APIRouter(
        prefix="/console", include_in_schema=False, dependencies=[allow or Depends(refuse_other_machines)]
    )
    _add_page(router)
    _add_states(router, project)
    _add_questions(router, project)
    return router


def _add_page(router: APIRouter) -> None:
    files = read_files()

    @router.get("")
    async def page() -> Response:
        return file_response("index.html", files["index.html"])

    @router.get("/assets/{name}")
    async def asset(name: str) -> Response:
        if name not in files:
            raise ProblemError(NOT_FOUND, "the console has no such file")
        return file_response(name, files[name])


def _add_states(router: APIRouter, project: Path | None) -> None:
    @router.get("/state")
    async def state(request: Request) -> Response:
        request.scope[WITHOUT_LINE] = True
        return json_response(await in_own_thread(partial(_live_state, container_of(request))))

    @router.get("/service")
    async def service(request: Request) -> Response:
        return json_response(await in_own_thread(partial(read_service, request.app, container_of(request), project)))


def _add_questions(router: APIRouter, project: Path | None) -> None:
    same_origin = [Depends(refuse_other_origins)]

    @router.post("/checks", dependencies=same_origin)
    async def checks(request: Request) -> Response:
        return json_response(await check_databases(container_of(request), project))

    @router.post("/plans", dependencies=same_origin)
    async def plans(request: Request, wanted: StatementId) -> Response:
        return json_response(await in_own_thread(partial(_plan, container_of(request), wanted.statement)))


def _live_state(container: Any) -> LiveState:
    mine = process_state(container)
    return LiveState(at=datetime.now(UTC), pid=mine.pid, processes=tuple(siblings(mine)))


def _plan(container: Any, wanted: str) -> Plan:
    """Return the plan of the statement with the id *wanted*, which another worker may have sent."""
    known = {slow.id: slow for process in siblings(process_state(container)) for slow in process.slow}
    if wanted not in known:
        return Plan(reason="the process that sent the statement doesn't keep it any more")
    try:
        return Plan(lines=tuple(explain(container, known[wanted])))
    except NoPlanError as error:
        return Plan(reason=str(error))
