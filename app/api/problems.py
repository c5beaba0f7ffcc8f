"""Errors as problem details (RFC 9457): what a client may know, and no more."""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic.json_schema import models_json_schema
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from starlette.exceptions import HTTPException

from app.database.errors import CommitOutcomeUnknownError, is_unavailable
from app.errors import BusyError, ConflictError, InvalidError, NotFoundError, ServiceError
from app.schemas.problems import FieldProblem, Problem
from containers import TeardownError
from containers.routes import routes_at

logger = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 1

STATUS_OF: Final[dict[type[ServiceError], HTTPStatus]] = {
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    InvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    BusyError: HTTPStatus.SERVICE_UNAVAILABLE,
}

DESCRIPTIONS: Final = {
    404: "There is no such thing.",
    409: "It collides with what is there.",
    422: "A value of the request is wrong.",
    500: "Something broke on our side.",
    503: "It can't be done now; try again after the seconds in Retry-After.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of error replies; 422, 500 and 503 are everybody's."""
    described = sorted({*statuses, 422, 500, 503})
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": DESCRIPTIONS[status], "content": {MEDIA_TYPE: schema}} for status in described}


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    errors: Iterable[FieldProblem] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Return the error reply."""
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        errors=list(errors) or None,
    )
    return JSONResponse(body.model_dump(exclude_none=True), status, headers, MEDIA_TYPE)


def install_problems(app: FastAPI) -> None:
    """Make every error of *app* a problem reply."""
    app.add_exception_handler(ServiceError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(SQLAlchemyError, _database)
    app.add_exception_handler(CommitOutcomeUnknownError, _unknown_outcome)
    app.add_exception_handler(Exception, _unexpected)
    describe = app.openapi

    def describe_with_problems() -> dict[str, Any]:
        # Named as the `model` of a reply it would be there too, as plain application/json.
        document = describe()
        _, schemas = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
        document["components"]["schemas"].update(schemas["$defs"])
        return document

    app.openapi = describe_with_problems  # type: ignore[method-assign]


async def _refused(request: Request, error: Exception) -> JSONResponse:
    status = next(status for kind, status in STATUS_OF.items() if isinstance(error, kind))
    errors: list[FieldProblem] = []
    if isinstance(error, InvalidError):
        errors = [FieldProblem(field=f"{error.place}.{error.field}", reason=str(error))]
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if isinstance(error, BusyError) else None
    return problem(request, status, str(error), errors=errors, headers=headers)


async def _invalid(request: Request, error: Any) -> JSONResponse:
    # Without the values: one of them may be a password.
    wrong = [FieldProblem(field=".".join(map(str, fault["loc"])), reason=fault["msg"]) for fault in error.errors()]
    return problem(request, 422, "; ".join(f"{each.field}: {each.reason}" for each in wrong), errors=wrong)


async def _http(request: Request, error: Any) -> JSONResponse:
    headers = dict(error.headers) if error.headers else None
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(_methods_of(request))}
    return problem(request, error.status_code, error.detail, headers=headers)


def _methods_of(request: Request) -> list[str]:
    """Return every method of the path: the framework names those of the first route that has it."""
    return sorted({method for route in routes_at(request.scope) for method in route.methods or ()})


async def _database(request: Request, error: Exception) -> JSONResponse:
    if is_unavailable(error):
        logger.warning("%s %s: the database can't serve: %s", request.method, request.url.path, type(error).__name__)
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return problem(request, 503, "the database can't serve now; try again", headers=headers)
    if isinstance(error, IntegrityError):
        return problem(request, 409, "it collides with what is there")
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(request, 500, "something broke on our side; it was logged")


async def _unknown_outcome(request: Request, error: Exception) -> JSONResponse:
    # Not a 503: what is asked for again after one of those was surely not done.
    logger.error("%s %s: %s", request.method, request.url.path, error)
    detail = "the connection to the database was lost while saving: look whether it was done before you ask again"
    return problem(request, 500, detail)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    """Answer what nobody foresaw; the server logs it, for it is raised again."""
    causes: tuple[Exception, ...] = error.exceptions if isinstance(error, TeardownError) else (error,)
    if all(map(is_unavailable, causes)):
        return await _database(request, causes[0])
    return problem(request, 500, "something broke on our side; it was logged")
