"""Reports over HTTP: plain functions on the sync session, run in the server's thread pool."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.dependencies import ReportsDep
from app.reports.repository import AuthorFigure, RoleFigure
from app.reports.schemas import AuthorPosts, RoleCount, UserCount
from sessionscope.fastapi.problems import problems
from sessionscope.reading.paging import PageOf
from sessionscope.reading.schemas import Page, PageQuery

router = APIRouter(prefix="/reports", tags=["reports"], responses=problems())


@router.get("/users/count")
def count_users(reports: ReportsDep) -> UserCount:
    """Count the users."""
    return UserCount(count=reports.count_users())


@router.get("/users/by-role", response_model=list[RoleCount])
def users_by_role(reports: ReportsDep) -> list[RoleFigure]:
    """Count the users of each role."""
    return reports.users_by_role()


@router.get("/posts/per-author", response_model=Page[AuthorPosts])
def posts_per_author(query: Annotated[PageQuery, Query()], reports: ReportsDep) -> PageOf[AuthorFigure]:
    """Count the posts of each user, most first."""
    return reports.posts_per_author(query)


@router.get("/email-domains", response_model=Page[str])
def email_domains(query: Annotated[PageQuery, Query()], reports: ReportsDep) -> PageOf[str]:
    """List the distinct domains of email addresses, in alphabetical order."""
    return reports.email_domains(query)
