"""Bodies of /users/."""

from typing import Annotated, Literal

from pydantic import Field

from app.users.fields import Email, EmailOut, FoldedUsername, Password, Username, UsernameOut
from sessionscope.reading.fields import Flag, FlagInText, Key, MomentInText, MomentOut
from sessionscope.reading.schemas import Body, PageQuery, Patch, Reply

RoleName = Literal["user", "editor", "admin"]
UserOrder = Literal[
    "id", "-id", "email", "-email", "username", "-username", "created_at", "-created_at", "updated_at", "-updated_at"
]


class UserIn(Body):
    """A user to create."""

    email: Email
    username: Username
    password: Annotated[Password | None, Field(description="kept as an argon2id hash, never returned")] = None
    is_active: Flag = True
    role: RoleName = "user"


class UserPut(Patch):
    """A user to replace: what is left out of the optional fields stays, and a null password removes it."""

    clearable = frozenset({"password"})

    email: Email
    username: Username
    password: Password | None = None
    is_active: Flag | None = None
    role: RoleName | None = None


class UserPatch(Patch):
    """The fields of a user that change; those left out stay."""

    clearable = frozenset({"password"})

    email: Email | None = None
    username: Username | None = None
    password: Password | None = None
    is_active: Flag | None = None
    role: RoleName | None = None


class UserOut(Reply):
    """A user as clients see it."""

    id: Key
    email: EmailOut
    username: UsernameOut
    is_active: bool
    role: RoleName
    created_at: MomentOut
    updated_at: MomentOut


class UserQuery(PageQuery):
    """Filters and order of the list of users; filters add up."""

    email: Email | None = None
    username: FoldedUsername | None = None
    active: FlagInText | None = None
    role: RoleName | None = None
    created_after: MomentInText | None = None
    sort: Annotated[UserOrder, Field(description="a leading - turns the order; ties are ordered by id")] = "id"
