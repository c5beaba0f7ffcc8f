"""Error replies: problem details, RFC 9457."""

from typing import Annotated

from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """One wrong value of a request."""

    field: Annotated[str, Field(description="where it is: body.email, query.limit, path.user_id")]
    reason: str


class Problem(BaseModel):
    """What went wrong, for people and programs; never anything internal."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: Annotated[str, Field(description="path of the request")]
    errors: Annotated[list[FieldProblem] | None, Field(description="each wrong value, where there are any")] = None
