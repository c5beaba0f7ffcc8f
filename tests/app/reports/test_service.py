"""Reports, tested on a fake reader without a database."""

import pytest

from app.reports.repository import ReportReader
from app.reports.schemas import AuthorPosts, RoleCount, UserCount
from containers import ApplicationContainer
from sessionscope.reading.schemas import Page, PageQuery
from sessionscope.testing.overrides import Override

pytestmark = pytest.mark.isolation("none")


class FakeReportReader(ReportReader):
    """A reader with fixed figures."""

    def __init__(self) -> None: ...

    async def count_users(self) -> UserCount:
        return UserCount(count=3)

    async def users_by_role(self) -> list[RoleCount]:
        return [RoleCount(role="admin", count=3)]

    async def posts_per_author(self, query: PageQuery) -> Page[AuthorPosts]:
        return Page(items=[], total=3, limit=query.limit, offset=query.offset)

    async def email_domains(self, query: PageQuery) -> Page[str]:
        return Page(items=["example.com"], total=1, limit=query.limit, offset=query.offset)


async def test_reports_are_the_readers_figures(container: ApplicationContainer, override: Override) -> None:
    """Each report is one call of the reader."""
    override(ApplicationContainer.report_reader, FakeReportReader())
    reports, query = container.reports(), PageQuery(limit=2)
    assert UserCount(count=3) == await reports.count_users()
    assert [RoleCount(role="admin", count=3)] == await reports.users_by_role()
    assert Page(items=[], total=3, limit=2, offset=0) == await reports.posts_per_author(query)
    assert ["example.com"] == (await reports.email_domains(query)).items
