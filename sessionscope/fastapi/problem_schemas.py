"""Schemas of error responses: problem details according to RFC 9457, and other formats."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """One wrong value of a request."""

    field: Annotated[str, Field(description="where it is: body.email, query.limit, path.user_id")]
    reason: str


class Problem(BaseModel):
    """What went wrong, for people and programs. It never contains internal details."""

    type: Annotated[
        str,
        Field(
            description="the kind of problem, as a URI reference; each response lists the types that it may have",
            examples=["/problems/not-found"],
            json_schema_extra={"format": "uri-reference"},
        ),
    ]
    title: Annotated[str, Field(description="the type in a few words")]
    status: int
    detail: Annotated[str, Field(description="what went wrong this time")]
    instance: Annotated[str, Field(description="path of the request")]
    errors: Annotated[
        list[FieldProblem] | None, Field(description="the wrong values, if there are any; at most the first 20")
    ] = None


@dataclass(frozen=True, slots=True)
class ProblemFormat:
    """The format of error responses.

    Attributes:
        model: The schema of a response's body. It is also the one in the OpenAPI document.
        convert: Turns a problem into the body.
        media_type: The Content-Type.
    """

    model: type[BaseModel]
    convert: Callable[[Problem], BaseModel]
    media_type: str = "application/json"


RFC_9457: Final = ProblemFormat(Problem, lambda problem: problem, "application/problem+json")
