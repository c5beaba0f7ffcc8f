"""Error responses as problem details (RFC 9457)."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from random import randint
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

from sessionscope.errors import INVALID, KEY_REUSED, REQUEST_IN_FLIGHT, ProblemType
from sessionscope.fastapi.problem_schemas import RFC_9457, FieldProblem, Problem, ProblemFormat
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

# Any request can be refused with these, before its route is known.
ANYWHERE: Final = (AMBIGUOUS_REQUEST, BODY_TOO_LARGE)
# Add these to an operation that takes a body and saves it.
OF_BODIES: Final = (MALFORMED, UNSUPPORTED_MEDIA_TYPE, OUTCOME_UNKNOWN)
# Add these to an operation that takes an Idempotency-Key.
OF_KEYS: Final = (REQUEST_IN_FLIGHT, KEY_REUSED, UNCONFIRMED)

# For type checkers, which would allow any name in a module with a `__getattr__`.
if TYPE_CHECKING:
    MEDIA_TYPE: str
else:

    def __getattr__(name: str) -> str:
        """Return the value of a deprecated name, with a warning."""
        if name != "MEDIA_TYPE":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        instead = "RFC_9457.media_type in sessionscope.fastapi.problem_schemas"
        warnings.warn(f"{__name__}.{name} is removed in 0.4.0: use {instead}", DeprecationWarning, stacklevel=2)
        return RFC_9457.media_type


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
    headers: dict[str, Any] = {}
    if any(kind.retry_after for kind in kinds):
        described = {"description": "seconds after which to repeat the request", "schema": {"type": "integer"}}
        headers["Retry-After"] = described
    if any(kind.status == HTTPStatus.UNAUTHORIZED for kind in kinds):
        headers["WWW-Authenticate"] = {"description": "how to authenticate", "schema": {"type": "string"}}
    content = {RFC_9457.media_type: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    response: dict[str, Any] = {"description": "\n\n".join(lines), "content": content}
    return response | {"headers": headers} if headers else response


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
    chosen = _format_of(request)
    content = chosen.convert(body).model_dump(mode="json", by_alias=True, exclude_none=True)
    return JSONResponse(content, kind.status, all_headers, chosen.media_type)


def _format_of(request: Request) -> ProblemFormat:
    # A middleware around the application may refuse a request before the scope has an application.
    state = getattr(request.scope.get("app"), "state", None)
    chosen: ProblemFormat = getattr(state, "problem_format", RFC_9457)
    return chosen


def describe_problems(app: FastAPI, chosen: ProblemFormat = RFC_9457) -> None:
    """In the OpenAPI document of *app*, define the schema that `described` refers to, in the *chosen* format."""
    describe = app.openapi

    def describe_with_problems() -> dict[str, Any]:
        # As the `model` of a response, it would be documented as plain application/json too.
        document = describe()
        template = "#/components/schemas/{model}"
        _, schemas = models_json_schema([(chosen.model, "serialization")], ref_template=template)
        document.setdefault("components", {}).setdefault("schemas", {}).update(schemas["$defs"])
        schema = {"schema": {"$ref": template.format(model=chosen.model.__name__)}}
        for content in _contents(document):
            if content.pop(RFC_9457.media_type, None):
                content[chosen.media_type] = schema
        return document

    app.openapi = describe_with_problems  # type: ignore[method-assign]


def _contents(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the content of each response in an OpenAPI document."""
    for path in document["paths"].values():
        for operation in path.values():
            yield from (response["content"] for response in operation["responses"].values() if "content" in response)
