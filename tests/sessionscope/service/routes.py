"""The endpoints of the tests' own service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from sessionscope import Provide
from sessionscope.database import ping
from sessionscope.fastapi.problem_types import DATABASE_UNAVAILABLE
from sessionscope.fastapi.problems import problem
from sessionscope.fastapi.responses import location_of
from sessionscope.fastapi.sessions import database_of
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.schemas import PostIn, PostOut, UserCount, UserIn, UserOut, UserPage, UserQuery
from tests.sessionscope.service.services import PostService, ReportService, UserService

UsersDep = Annotated[UserService, Depends(Provide[ApplicationContainer.users])]
PostsDep = Annotated[PostService, Depends(Provide[ApplicationContainer.posts])]
ReportsDep = Annotated[ReportService, Depends(Provide[ApplicationContainer.reports])]

router = APIRouter()


@router.post("/users/", status_code=201)
async def create_user(data: UserIn, users: UsersDep, request: Request, response: Response) -> UserOut:
    """Create a user."""
    user = await users.create(data)
    response.headers["Location"] = location_of(request, user.id)
    return user


@router.get("/users/")
async def list_users(query: Annotated[UserQuery, Query()], users: UsersDep) -> UserPage:
    """List users."""
    return await users.page(query)


@router.get("/users/{user_id}")
async def get_user(user_id: int, users: UsersDep) -> UserOut:
    """Show a user."""
    return await users.get(user_id)


@router.delete("/users/{user_id}", status_code=204)
async def delete_user(user_id: int, users: UsersDep) -> None:
    """Delete a user and their posts."""
    await users.delete(user_id)


@router.post("/posts/", status_code=201)
async def create_post(data: PostIn, posts: PostsDep) -> PostOut:
    """Create a post."""
    return await posts.create(data)


@router.get("/posts/{post_id}")
async def get_post(post_id: int, posts: PostsDep) -> PostOut:
    """Show a post."""
    return await posts.get(post_id)


@router.get("/reports/users/count")
def count_users(reports: ReportsDep) -> UserCount:
    """Count the users."""
    return UserCount(count=reports.count_users())


@router.get("/reports/users/first")
def first_username(reports: ReportsDep) -> str | None:
    """Show the name of the first user."""
    return reports.first_username()


@router.get("/health/live")
async def live() -> dict[str, str]:
    """Tell that the process runs."""
    return {"status": "alive"}


@router.get("/health/ready", response_model=None)
async def ready(request: Request) -> dict[str, str] | Response:
    """Tell whether the database answers; the library's own router asks for the service's migrations too."""
    if await ping(database_of(request).async_engine()):
        return {"status": "ready"}
    return problem(request, DATABASE_UNAVAILABLE, "the database does not answer")
