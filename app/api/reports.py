"""Reports over HTTP: plain functions on the sync session, run in the server's thread pool."""

from fastapi import APIRouter

from app.api.dependencies import ReportsDep
from app.api.problems import problems
from app.repositories.reports import AuthorFigure, RoleFigure
from app.schemas.reports import AuthorPosts, EmailDomains, RoleCount, UserCount
from containers import inject

router = APIRouter(prefix="/reports", tags=["reports"], responses=problems())


@router.get("/users/count")
@inject
def count_users(reports: ReportsDep) -> UserCount:
    """Count the users."""
    return UserCount(count=reports.count_users())


@router.get("/users/by-role", response_model=list[RoleCount])
@inject
def users_by_role(reports: ReportsDep) -> list[RoleFigure]:
    """Count the users of each role."""
    return reports.users_by_role()


@router.get("/posts/per-author", response_model=list[AuthorPosts])
@inject
def posts_per_author(reports: ReportsDep) -> list[AuthorFigure]:
    """Count the posts of each user, most first."""
    return reports.posts_per_author()


@router.get("/email-domains")
@inject
def email_domains(reports: ReportsDep) -> EmailDomains:
    """List the distinct domains of email addresses."""
    return EmailDomains(domains=reports.email_domains())
