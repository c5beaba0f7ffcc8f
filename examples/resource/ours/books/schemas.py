"""The requests and responses of /books/."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from sessionscope.reading.fields import Key, KeyInText, TimestampInText, TimestampOut
from sessionscope.reading.schemas import PageQuery, Patch, RequestBody, ResponseBody

Title = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Isbn = Annotated[str, StringConstraints(pattern="^[0-9]{13}$")]
BookOrder = Literal["id", "-id", "title", "-title", "created_at", "-created_at"]


class BookIn(RequestBody):
    """A book to create."""

    title: Title
    isbn: Isbn
    author_id: Key


class BookPatch(Patch):
    """The fields of a book to change."""

    title: Title | None = None
    isbn: Isbn | None = None
    author_id: Key | None = None


class AuthorOut(ResponseBody):
    """The author of a book."""

    id: Key
    name: str


class BookOut(ResponseBody):
    """A book as clients see it."""

    id: Key
    title: str
    isbn: str
    author: AuthorOut
    created_at: TimestampOut
    updated_at: TimestampOut


class BookQuery(PageQuery):
    """The filters and the order of a list of books."""

    title: Title | None = None
    author_id: KeyInText | None = None
    created_after: TimestampInText | None = None
    sort: Annotated[BookOrder, Field(description="a leading - sorts in descending order")] = "id"
