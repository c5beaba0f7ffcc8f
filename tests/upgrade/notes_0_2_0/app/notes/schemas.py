"""The requests and responses of /notes/."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from sessionscope.reading.fields import Key, TimestampInText, TimestampOut
from sessionscope.reading.schemas import PageQuery, Patch, RequestBody, ResponseBody

# PostgreSQL can't store NUL.
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Content = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
NoteOrder = Literal["id", "-id", "title", "-title", "created_at", "-created_at", "updated_at", "-updated_at"]


class NoteIn(RequestBody):
    """All values of a note, to create it or to replace it."""

    title: Title
    content: Content


class NotePatch(Patch):
    """The fields of a note to change. Omitted fields stay as they are."""

    title: Title | None = None
    content: Content | None = None


class NoteOut(ResponseBody):
    """A note as clients see it."""

    id: Key
    title: str
    content: str
    created_at: TimestampOut
    updated_at: TimestampOut


class NoteQuery(PageQuery):
    """The filters and the order of a list of notes. A note has to match all filters."""

    title: Title | None = None
    created_after: TimestampInText | None = None
    sort: Annotated[NoteOrder, Field(description="a leading - sorts in descending order; ties are sorted by id")] = "id"
