"""Handlers for errors, one per kind. Each returns a problem response."""

import logging
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from sessionscope.database.errors import CommitOutcomeUnknownError, Failure, failure_of, is_unavailable
from sessionscope.errors import CONFLICT, INVALID, InvalidError, ProblemType, ServiceError
from sessionscope.fastapi.problem_schemas import RFC_9457, FieldProblem, ProblemFormat
from sessionscope.fastapi.problem_types import (
    DATABASE_UNAVAILABLE,
    INTERNAL,
    MALFORMED,
    OUTCOME_UNKNOWN,
    UNCONFIRMED,
    type_of_status,
)
from sessionscope.fastapi.problems import ProblemError, describe_problems, problem
from sessionscope.fastapi.routes import routes_at
from sessionscope.lifetimes.errors import TeardownError
from sessionscope.printable import printable
from sessionscope.request_ids import current_ids

logger = logging.getLogger(__name__)

# A body can have thousands of faults. A client needs only the first ones, and no long texts.
MOST_ERRORS: Final = 20
LONGEST_FIELD: Final = 100
LONGEST_REASON: Final = 200


def install_problems(
    app: FastAPI,
    errors: Mapping[type[Exception], ProblemType] | None = None,
    *,
    problem_format: ProblemFormat = RFC_9457,
) -> None:
    """Turn every error in *app* into a problem response.

    Args:
        app: The application.
        errors: The problem types of exceptions that are no `ServiceError`, such as those of other libraries. A client
            sees the type's meaning, and not the exception's text. The exception is logged.
        problem_format: The format of the responses.
    """
    app.state.problem_format = problem_format
    for error, kind in (errors or {}).items():
        app.add_exception_handler(error, partial(_foreign, kind=kind))
    app.add_exception_handler(ServiceError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(SQLAlchemyError, _database)
    app.add_exception_handler(CommitOutcomeUnknownError, _unknown_outcome)
    app.add_exception_handler(Exception, _unexpected)
    describe_problems(app, problem_format)


async def _refused(request: Request, error: Any) -> JSONResponse:
    errors: list[FieldProblem] = []
    if isinstance(error, InvalidError):
        errors = [FieldProblem(field=f"{error.place}.{error.field}", reason=str(error))]
    return problem(request, error.kind, str(error), errors=errors, headers=error.headers)


async def _foreign(request: Request, error: Exception, *, kind: ProblemType) -> JSONResponse:
    logger.error("%s failed", _name_of(request), exc_info=error)
    return problem(request, kind, kind.meaning)


async def _invalid(request: Request, error: Any) -> JSONResponse:
    faults = error.errors()
    if faults[0]["type"] == "json_invalid":
        place, reason = faults[0]["loc"][-1], faults[0]["ctx"]["error"]
        return problem(request, MALFORMED, f"the body is not JSON: {reason}, at character {place}")
    # Leave out the values: one of them may be a password.
    errors = [
        FieldProblem(
            field=_cut(".".join(map(str, fault["loc"])), LONGEST_FIELD), reason=_cut(fault["msg"], LONGEST_REASON)
        )
        for fault in faults[:MOST_ERRORS]
    ]
    detail = "a value of the request is wrong"
    if len(faults) > 1:
        detail = f"{len(faults):,} values of the request are wrong"
    more = len(faults) - len(errors)
    if more:
        detail += f": `errors` lists {len(errors)}, and there are {more:,} more"
    return problem(request, INVALID, detail, errors=errors)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


async def _http(request: Request, error: Any) -> Response:
    headers = dict(error.headers) if error.headers else None
    if error.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        return Response(status_code=error.status_code, headers=headers)
    # A mounted application is the endpoint of its mount, until one of its own routes matches.
    if error.status_code == HTTPStatus.NOT_FOUND and request.scope.get("endpoint") in (None, request.app):
        neighbour = _neighbour_of(request)
        if neighbour is not None:
            return RedirectResponse(neighbour)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(_methods_of(request))}
    kind = error.kind if isinstance(error, ProblemError) else type_of_status(error.status_code)
    return problem(request, kind, str(error.detail), headers=headers)


def _neighbour_of(request: Request) -> str | None:
    """Return the location of the path with its last slash removed or added, or None if that path has no route.

    The router's own redirect repeats the client's Host header. This location has no host.
    """
    path = request.scope["path"]
    scope = {**request.scope, "path": path.rstrip("/") if path.endswith("/") else f"{path}/"}
    if not any(routes_at(scope)):
        return None
    location = str(URL(scope={**scope, "headers": [], "server": None, "query_string": b""}))
    query = request.scope["query_string"].decode("latin-1")
    return f"{location}?{query}" if query else location


def _methods_of(request: Request) -> list[str]:
    """Return every method of the path. Starlette names only those of the first route that matches."""
    methods = {method for route in routes_at(request.scope) for method in route.methods or ()}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


async def _database(request: Request, error: Exception) -> JSONResponse:
    if is_unavailable(error):
        failure = failure_of(error)
        logger.warning("%s: the database is not available: %s", _name_of(request), failure)
        return problem(request, DATABASE_UNAVAILABLE, "the database is not available now; try again")
    if failure_of(error) is Failure.CONFLICT:
        return problem(request, CONFLICT, "the request collides with stored data")
    logger.error("%s failed", _name_of(request), exc_info=error)
    return problem(request, INTERNAL, "something broke on our side; it was logged")


async def _unknown_outcome(request: Request, error: Any) -> JSONResponse:
    logger.error("%s: %s", _name_of(request), error)
    if error.idempotent:
        detail = "it is not known whether this was done: repeat the same request, with its Idempotency-Key, to find out"
        return problem(request, UNCONFIRMED, detail)
    # Not a 503: some proxies repeat a request that gets one, and this work would be done twice.
    detail = "the connection to the database was lost while saving: check whether it was done before you try again"
    return problem(request, OUTCOME_UNKNOWN, detail)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    """Handle an unexpected error. Starlette raises it again, so the server logs it."""
    if _is_outage(error):
        response = await _database(request, _causes_of(error)[0])
    else:
        response = problem(request, INTERNAL, "something broke on our side; it was logged")
    # This response passes no middleware.
    ids = current_ids.get()
    if ids is not None:
        response.headers["X-Request-ID"] = ids.request_id
    return response


def unhandled_status(error: BaseException) -> int:
    """Return the status of the response to an exception that no handler but the last one takes."""
    return (DATABASE_UNAVAILABLE if _is_outage(error) else INTERNAL).status


def _is_outage(error: BaseException) -> bool:
    return all(map(is_unavailable, _causes_of(error)))


def _causes_of(error: Any) -> tuple[Exception, ...]:
    return error.exceptions if isinstance(error, TeardownError) else (error,)


def _name_of(connection: HTTPConnection) -> str:
    """Return the method and the path, for logs. The handshake of a WebSocket has no method here."""
    return f"{connection.scope.get('method', 'WebSocket')} {printable(connection.scope['path'])}"
