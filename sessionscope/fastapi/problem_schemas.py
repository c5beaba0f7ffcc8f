"""Schemas of error responses: problem details according to RFC 9457."""

from typing import Annotated

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
