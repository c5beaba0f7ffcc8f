"""Bodies of /posts/."""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from app.users.fields import UsernameOut
from sessionscope.reading.fields import Key, KeyInText, TimestampInText, TimestampOut
from sessionscope.reading.schemas import PageQuery, Patch, RequestBody, ResponseBody

# Posts are shown with their contents, of which each may have 400 kB: a longer list would be hundreds of megabytes.
LONGEST_LIST: Final = 50

# PostgreSQL stores any text but NUL.
Title = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$"), Field(examples=["On sessions"])
]
Content = Annotated[
    str, StringConstraints(max_length=100_000, pattern=r"^[^\x00]*$"), Field(examples=["One per request."])
]
# Responses show what is stored: a row that other rules let in must not break every list that it is in.
TitleOut = Annotated[str, Field(examples=["On sessions"])]
ContentOut = Annotated[str, Field(examples=["One per request."])]

PostOrder = Literal["id", "-id", "title", "-title", "created_at", "-created_at", "updated_at", "-updated_at"]


class PostIn(RequestBody):
    """A post, whole: to create one, or to replace one."""

    title: Title
    content: Content
    author_id: Key


class PostPatch(Patch):
    """The fields of a post that change; those left out stay."""

    title: Title | None = None
    content: Content | None = None
    author_id: Key | None = None


class AuthorOut(ResponseBody):
    """The author of a post, in short."""

    id: Key
    username: UsernameOut


class PostOut(ResponseBody):
    """A post as clients see it."""

    id: Key
    title: TitleOut
    content: ContentOut
    author_id: Key
    author: AuthorOut
    created_at: TimestampOut
    updated_at: TimestampOut


class AuthorPostQuery(PageQuery):
    """Filters and order of the list of an author's posts; filters add up."""

    limit: Annotated[int, Field(ge=1, le=LONGEST_LIST, description="longest list to return")] = LONGEST_LIST
    title: Title | None = None
    created_after: TimestampInText | None = None
    sort: Annotated[PostOrder, Field(description="a leading - turns the order; ties are ordered by id")] = "id"


class PostQuery(AuthorPostQuery):
    """Filters and order of the list of posts; filters add up."""

    author_id: KeyInText | None = None
