"""Figures over the whole service."""

from app.reports.repository import ReportReader
from app.reports.schemas import AuthorPosts, RoleCount, UserCount
from sessionscope.reading.schemas import Page, PageQuery


class ReportService:
    """Answers questions about all rows at once."""

    def __init__(self, reader: ReportReader) -> None:
        self._reader = reader

    async def count_users(self) -> UserCount:
        """Return the number of users."""
        return await self._reader.count_users()

    async def users_by_role(self) -> list[RoleCount]:
        """Return the number of users of each role that somebody has."""
        return await self._reader.users_by_role()

    async def posts_per_author(self, query: PageQuery) -> Page[AuthorPosts]:
        """Return a part of all users with their number of posts, most first."""
        return await self._reader.posts_per_author(query)

    async def email_domains(self, query: PageQuery) -> Page[str]:
        """Return a part of the distinct domains of all email addresses, in alphabetical order."""
        return await self._reader.email_domains(query)
