"""Responses of /reports/."""

from app.users.fields import UsernameOut
from app.users.schemas import RoleName
from sessionscope.reading.fields import Key
from sessionscope.reading.schemas import ResponseBody


class UserCount(ResponseBody):
    """How many users there are."""

    count: int


class RoleCount(ResponseBody):
    """How many users have a role."""

    role: RoleName
    count: int


class AuthorPosts(ResponseBody):
    """How many posts a user wrote; 0 if they wrote none."""

    author_id: Key
    username: UsernameOut
    posts: int
