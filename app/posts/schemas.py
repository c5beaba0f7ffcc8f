"""The requests and responses of /posts/."""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from app.users.fields import UsernameOut
from sessionscope.reading.fields import Key, KeyInText, TimestampInText, TimestampOut
from sessionscope.reading.schemas import PageQuery, Patch, RequestBody, ResponseBody

# A list contains the posts' contents, each of up to 400 kB, so a longer list could have hundreds of megabytes.
LONGEST_LIST: Final = 50

# PostgreSQL can't store NUL.
Title = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$"), Field(examples=["On sessions"])
]
Content = Annotated[
    str, StringConstraints(max_length=100_000, pattern=r"^[^\x00]*$"), Field(examples=["One per request."])
]
# Responses don't validate what is stored: a row that was accepted under other rules must not break lists.
TitleOut = Annotated[str, Field(examples=["On sessions"])]
ContentOut = Annotated[str, Field(examples=["One per request."])]

PostOrder = Literal["id", "-id", "title", "-title", "created_at", "-created_at", "updated_at", "-updated_at"]


class PostIn(RequestBody):
    """All values of a post, to create it or to replace it."""

    title: Title
    content: Content
    author_id: Key


class PostPatch(Patch):
    """The fields of a post to change. Omitted fields stay as they are."""

    title: Title | None = None
    content: Content | None = None
    author_id: Key | None = None


class AuthorOut(ResponseBody):
    """A short form of a post's author."""

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
    """The filters and the order of a list of an author's posts. A post has to match all filters."""

    limit: Annotated[int, Field(ge=1, le=LONGEST_LIST, description="maximum number of items")] = LONGEST_LIST
    title: Title | None = None
    created_after: TimestampInText | None = None
    sort: Annotated[PostOrder, Field(description="a leading - sorts in descending order; ties are sorted by id")] = "id"


class PostQuery(AuthorPostQuery):
    """The filters and the order of a list of posts. A post has to match all filters."""

    author_id: KeyInText | None = None
