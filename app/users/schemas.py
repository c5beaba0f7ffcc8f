"""The requests and responses of /users/."""

from typing import Annotated, Literal

from pydantic import Field

from app.users.fields import Email, EmailOut, FoldedUsername, Password, Username, UsernameOut
from sessionscope.reading.fields import Flag, FlagInText, Key, TimestampInText, TimestampOut
from sessionscope.reading.schemas import PageQuery, Patch, RequestBody, ResponseBody

RoleName = Literal["user", "editor", "admin"]
UserOrder = Literal[
    "id", "-id", "email", "-email", "username", "-username", "created_at", "-created_at", "updated_at", "-updated_at"
]


class UserIn(RequestBody):
    """A user to create."""

    email: Email
    username: Username
    password: Annotated[Password | None, Field(description="stored as an argon2id hash, never returned")] = None
    is_active: Flag = True
    role: RoleName = "user"


class UserPut(Patch):
    """The new values of a user. Omitted optional fields stay as they are; a null password removes the password."""

    clearable = frozenset({"password"})

    email: Email
    username: Username
    password: Password | None = None
    is_active: Flag | None = None
    role: RoleName | None = None


class UserPatch(Patch):
    """The fields of a user to change. Omitted fields stay as they are."""

    clearable = frozenset({"password"})

    email: Email | None = None
    username: Username | None = None
    password: Password | None = None
    is_active: Flag | None = None
    role: RoleName | None = None


class UserOut(ResponseBody):
    """A user as clients see them."""

    id: Key
    email: EmailOut
    username: UsernameOut
    is_active: bool
    role: RoleName
    created_at: TimestampOut
    updated_at: TimestampOut


class UserQuery(PageQuery):
    """The filters and the order of a list of users. A user has to match all filters."""

    email: Email | None = None
    username: FoldedUsername | None = None
    active: FlagInText | None = None
    role: RoleName | None = None
    created_after: TimestampInText | None = None
    sort: Annotated[UserOrder, Field(description="a leading - sorts in descending order; ties are sorted by id")] = "id"
