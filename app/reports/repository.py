"""Read figures about all rows from the database."""

from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from app.posts.model import Post
from app.reports.schemas import AuthorPosts, RoleCount, UserCount
from app.users.model import User
from sessionscope.database.functions import text_after
from sessionscope.database.reads import AsyncReads
from sessionscope.reading.schemas import Page, PageQuery

_USERS: Final = select(func.count().label("count")).select_from(User)
_ROLES: Final = select(User.role, func.count().label("count")).group_by(User.role).order_by(User.role)
_POSTS: Final = func.count(Post.id).label("posts")
_AUTHORS: Final = (
    select(User.id.label("author_id"), User.username, _POSTS)
    .outerjoin(Post, Post.author_id == User.id)
    .group_by(User.id, User.username)
    .order_by(_POSTS.desc(), User.id)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_DOMAIN: Final = text_after(User.email.expression, "@").label("domain")
_ALL_DOMAINS: Final = select(_DOMAIN).distinct()
_DOMAIN_COUNT: Final = select(func.count()).select_from(_ALL_DOMAINS.subquery())
_DOMAINS: Final = _ALL_DOMAINS.order_by(_DOMAIN).limit(bindparam("limit")).offset(bindparam("offset"))


class ReportReader:
    """Counts and groups rows, in visits."""

    def __init__(self, reads: AsyncReads) -> None:
        self._reads = reads

    async def count_users(self) -> UserCount:
        """Return the number of users."""
        return await self._reads.read(lambda connection: UserCount(count=connection.execute(_USERS).scalar_one()))

    async def users_by_role(self) -> list[RoleCount]:
        """Return the number of users of each role that is in use, in alphabetical order of the roles."""
        rows = await self._reads.read(lambda connection: connection.execute(_ROLES).all())
        return [RoleCount.model_validate(row) for row in rows]

    async def posts_per_author(self, query: PageQuery) -> Page[AuthorPosts]:
        """Return a page of all users with their numbers of posts, highest first, and ties sorted by id."""

        def read(connection: Connection) -> Page[AuthorPosts]:
            rows = connection.execute(_AUTHORS, query.model_dump())
            items = [AuthorPosts.model_validate(row) for row in rows]
            total = connection.execute(_USERS).scalar_one()
            return Page(items=items, total=total, limit=query.limit, offset=query.offset)

        return await self._reads.read(read)

    async def email_domains(self, query: PageQuery) -> Page[str]:
        """Return a page of the distinct domains of all email addresses, in alphabetical order."""

        def read(connection: Connection) -> Page[str]:
            items = list(connection.scalars(_DOMAINS, query.model_dump()))
            total = connection.execute(_DOMAIN_COUNT).scalar_one()
            return Page(items=items, total=total, limit=query.limit, offset=query.offset)

        return await self._reads.read(read)
