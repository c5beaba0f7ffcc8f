"""Error responses as problem details (RFC 9457)."""

from collections.abc import Iterable, Mapping
from random import randint
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

from sessionscope.errors import INVALID, KEY_REUSED, REQUEST_IN_FLIGHT, ProblemType
from sessionscope.fastapi.problem_schemas import FieldProblem, Problem
from sessionscope.fastapi.problem_types import (
    AMBIGUOUS_REQUEST,
    BODY_TOO_LARGE,
    DATABASE_UNAVAILABLE,
    INTERNAL,
    MALFORMED,
    OUTCOME_UNKNOWN,
    UNCONFIRMED,
    UNSUPPORTED_MEDIA_TYPE,
)

MEDIA_TYPE: Final = "application/problem+json"

# Any request can be refused with these, before its route is known.
ANYWHERE: Final = (AMBIGUOUS_REQUEST, BODY_TOO_LARGE)
# Add these to an operation that takes a body and saves it.
OF_BODIES: Final = (MALFORMED, UNSUPPORTED_MEDIA_TYPE, OUTCOME_UNKNOWN)
# Add these to an operation that takes an Idempotency-Key.
OF_KEYS: Final = (REQUEST_IN_FLIGHT, KEY_REUSED, UNCONFIRMED)


class ProblemError(HTTPException):
    """Raised to return a problem of a given type when no business rule is broken."""

    def __init__(self, kind: ProblemType, detail: str) -> None:
        self.kind = kind
        super().__init__(kind.status, detail)


def problems(*kinds: ProblemType) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of an operation's error responses: *kinds*, and those of every operation."""
    return described(*ANYWHERE, INVALID, INTERNAL, DATABASE_UNAVAILABLE, *kinds)


def described(*kinds: ProblemType) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of error responses for *kinds* only."""
    return {
        status: _described([kind for kind in kinds if kind.status == status])
        for status in sorted({kind.status for kind in kinds})
    }


def _described(kinds: list[ProblemType]) -> dict[str, Any]:
    lines = [f"`{kind.uri}`: {kind.meaning}" for kind in kinds]
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    response: dict[str, Any] = {"description": "\n\n".join(lines), "content": content}
    if any(kind.retry_after for kind in kinds):
        described = {"description": "seconds after which to repeat the request", "schema": {"type": "integer"}}
        response["headers"] = {"Retry-After": described}
    return response


def problem(
    request: Request,
    kind: ProblemType,
    detail: str,
    *,
    errors: Iterable[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return an error response."""
    body = Problem(
        type=kind.uri,
        title=kind.title,
        status=kind.status,
        detail=detail,
        # Not `request.url`, which contains the client's Host header.
        instance=request.scope["path"],
        errors=list(errors) or None,
    )
    all_headers = dict(headers or {})
    if kind.retry_after is not None:
        all_headers["Retry-After"] = str(kind.retry_after + randint(0, kind.retry_spread))  # noqa: S311 - guards nothing
    return JSONResponse(body.model_dump(exclude_none=True), kind.status, all_headers, MEDIA_TYPE)


def describe_problems(app: FastAPI) -> None:
    """In the OpenAPI document of *app*, define the schema that `described` refers to."""
    describe = app.openapi

    def describe_with_problems() -> dict[str, Any]:
        # As the `model` of a response, it would be documented as plain application/json too.
        document = describe()
        _, schemas = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
        document["components"]["schemas"].update(schemas["$defs"])
        return document

    app.openapi = describe_with_problems  # type: ignore[method-assign]
