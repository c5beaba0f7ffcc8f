"""Error responses: problem details, RFC 9457."""

from typing import Annotated

from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """One wrong value of a request."""

    field: Annotated[str, Field(description="where it is: body.email, query.limit, path.user_id")]
    reason: str


class Problem(BaseModel):
    """What went wrong, for people and programs; never anything internal."""

    type: Annotated[
        str,
        Field(
            description="what kind of problem it is, as a URI reference; each response lists those that it may have",
            examples=["/problems/not-found"],
            json_schema_extra={"format": "uri-reference"},
        ),
    ]
    title: Annotated[str, Field(description="the type in a few words")]
    status: int
    detail: Annotated[str, Field(description="what went wrong this time")]
    instance: Annotated[str, Field(description="path of the request")]
    errors: Annotated[
        list[FieldProblem] | None, Field(description="the wrong values, where there are any; the first 20 of many")
    ] = None
