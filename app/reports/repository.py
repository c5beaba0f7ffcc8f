"""Figures over all rows, on the sync session."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.posts.model import Post
from app.users.model import User
from sessionscope.database.functions import text_after
from sessionscope.reading.paging import PageOf
from sessionscope.reading.schemas import PageQuery


@dataclass(frozen=True, slots=True)
class RoleFigure:
    """How many users have a role."""

    role: str
    count: int


@dataclass(frozen=True, slots=True)
class AuthorFigure:
    """How many posts a user wrote."""

    author_id: int
    username: str
    posts: int


class ReportRepository:
    """Counts through one sync session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def count_users(self) -> int:
        """Return the number of users."""
        return self._session.scalar(select(func.count()).select_from(User)) or 0

    def users_by_role(self) -> list[RoleFigure]:
        """Return the roles that somebody has, in alphabetical order."""
        statement = select(User.role, func.count()).group_by(User.role).order_by(User.role)
        return [RoleFigure(role, count) for role, count in self._session.execute(statement)]

    def posts_per_author(self, query: PageQuery) -> PageOf[AuthorFigure]:
        """Return a part of all users with their number of posts, most first, ties by id."""
        posts = func.count(Post.id)
        statement = (
            select(User.id, User.username, posts)
            .outerjoin(Post, Post.author_id == User.id)
            .group_by(User.id, User.username)
            .order_by(posts.desc(), User.id)
            .limit(query.limit)
            .offset(query.offset)
        )
        figures = [AuthorFigure(*row) for row in self._session.execute(statement)]
        return PageOf(figures, self.count_users(), query.limit, query.offset)

    def email_domains(self, query: PageQuery) -> PageOf[str]:
        """Return a part of the distinct domains of all addresses, in alphabetical order."""
        domain = text_after(User.email.expression, "@").label("domain")
        domains = select(domain).distinct()
        total = self._session.scalar(select(func.count()).select_from(domains.subquery())) or 0
        part = self._session.scalars(domains.order_by(domain).limit(query.limit).offset(query.offset))
        return PageOf(list(part), total, query.limit, query.offset)
