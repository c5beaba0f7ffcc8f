"""The requests and responses of /books/."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Title = Annotated[str, Field(min_length=1, max_length=200)]
Isbn = Annotated[str, Field(pattern="^[0-9]{13}$")]
BookOrder = Literal["id", "-id", "title", "-title", "created_at", "-created_at"]


class BookIn(BaseModel):
    """A book to create."""

    title: Title
    isbn: Isbn
    author_id: int


class BookPatch(BaseModel):
    """The fields of a book to change."""

    title: Title = ""
    isbn: Isbn = ""
    author_id: int = 0


class AuthorOut(BaseModel):
    """The author of a book."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str


class BookOut(BaseModel):
    """A book as clients see it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    isbn: str
    author: AuthorOut
    created_at: datetime
    updated_at: datetime


class BookQuery(BaseModel):
    """The filters, the order and the part of a list of books."""

    title: Title | None = None
    author_id: int | None = None
    created_after: AwareDatetime | None = None
    sort: BookOrder = "id"
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    offset: Annotated[int, Field(ge=0)] = 0


class BookPage(BaseModel):
    """A part of a list of books, with the length of the whole list."""

    items: list[BookOut]
    total: int
    limit: int
    offset: int
