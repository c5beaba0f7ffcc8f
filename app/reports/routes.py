"""The endpoints of /reports/."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.dependencies import ReportsDep
from app.reports.schemas import AuthorPosts, RoleCount, UserCount
from sessionscope.fastapi.problems import problems
from sessionscope.reading.schemas import Page, PageQuery

router = APIRouter(prefix="/reports", tags=["reports"], responses=problems())


@router.get("/users/count")
async def count_users(reports: ReportsDep) -> UserCount:
    """Count the users."""
    return await reports.count_users()


@router.get("/users/by-role")
async def users_by_role(reports: ReportsDep) -> list[RoleCount]:
    """Count the users of each role."""
    return await reports.users_by_role()


@router.get("/posts/per-author")
async def posts_per_author(query: Annotated[PageQuery, Query()], reports: ReportsDep) -> Page[AuthorPosts]:
    """Count the posts of each user, highest count first."""
    return await reports.posts_per_author(query)


@router.get("/email-domains")
async def email_domains(query: Annotated[PageQuery, Query()], reports: ReportsDep) -> Page[str]:
    """List the distinct domains of email addresses, in alphabetical order."""
    return await reports.email_domains(query)
