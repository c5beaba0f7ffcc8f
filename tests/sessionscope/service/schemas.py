"""The bodies of the tests' own service."""

from pydantic import BaseModel, ConfigDict


class UserIn(BaseModel):
    """A user to create."""

    email: str
    username: str


class UserOut(UserIn):
    """A user as clients see it."""

    model_config = ConfigDict(from_attributes=True)

    id: int


class UserQuery(BaseModel):
    """Which users to list."""

    limit: int = 50
    offset: int = 0


class UserPage(BaseModel):
    """Some of the users, and how many there are."""

    items: list[UserOut]
    total: int


class PostIn(BaseModel):
    """A post to create."""

    title: str
    content: str
    author_id: int


class PostOut(PostIn):
    """A post as clients see it."""

    model_config = ConfigDict(from_attributes=True)

    id: int


class UserCount(BaseModel):
    """How many users there are."""

    count: int
