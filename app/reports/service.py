"""Reports over all rows."""

from app.reports.repository import ReportReader
from app.reports.schemas import AuthorPosts, RoleCount, UserCount
from sessionscope.reading.schemas import Page, PageQuery


class ReportService:
    """Makes reports over all rows."""

    def __init__(self, reader: ReportReader) -> None:
        self._reader = reader

    async def count_users(self) -> UserCount:
        """Return the number of users."""
        return await self._reader.count_users()

    async def users_by_role(self) -> list[RoleCount]:
        """Return the number of users of each role that is in use."""
        return await self._reader.users_by_role()

    async def posts_per_author(self, query: PageQuery) -> Page[AuthorPosts]:
        """Return a page of all users with their numbers of posts, highest first."""
        return await self._reader.posts_per_author(query)

    async def email_domains(self, query: PageQuery) -> Page[str]:
        """Return a page of the distinct domains of all email addresses, in alphabetical order."""
        return await self._reader.email_domains(query)
