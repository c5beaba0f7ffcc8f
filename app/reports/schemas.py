"""The responses of /reports/."""

from app.users.fields import UsernameOut
from app.users.schemas import RoleName
from sessionscope.reading.fields import Key
from sessionscope.reading.schemas import ResponseBody


class UserCount(ResponseBody):
    """The number of users."""

    count: int


class RoleCount(ResponseBody):
    """The number of users with a role."""

    role: RoleName
    count: int


class AuthorPosts(ResponseBody):
    """The number of posts that a user wrote, which may be 0."""

    author_id: Key
    username: UsernameOut
    posts: int
