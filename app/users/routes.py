"""The endpoints of /users/."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.dependencies import UsersDep
from app.users.schemas import UserIn, UserOut, UserPatch, UserPut, UserQuery
from sessionscope.errors import BUSY, CONFLICT, NOT_FOUND
from sessionscope.fastapi.parameters import JSON_ONLY, KeyInPath
from sessionscope.fastapi.problem_types import OUTCOME_UNKNOWN
from sessionscope.fastapi.problems import OF_BODIES, problems
from sessionscope.fastapi.responses import location_of
from sessionscope.reading.schemas import Page

router = APIRouter(prefix="/users", tags=["users"])


@router.post(
    "/",
    status_code=201,
    dependencies=JSON_ONLY,
    responses=problems(*OF_BODIES, BUSY, CONFLICT),
)
async def create_user(data: UserIn, users: UsersDep, request: Request, response: Response) -> UserOut:
    """Create a user. Email addresses and usernames are unique."""
    user = await users.create(data)
    response.headers["Location"] = location_of(request, user.id)
    return user


@router.get("/", responses=problems())
async def list_users(query: Annotated[UserQuery, Query()], users: UsersDep) -> Page[UserOut]:
    """List users, filtered and sorted."""
    return await users.page(query)


@router.get("/{user_id}", responses=problems(NOT_FOUND))
async def get_user(user_id: KeyInPath, users: UsersDep) -> UserOut:
    """Show a user."""
    return await users.get(user_id)


@router.put(
    "/{user_id}",
    dependencies=JSON_ONLY,
    responses=problems(*OF_BODIES, BUSY, NOT_FOUND, CONFLICT),
)
async def replace_user(user_id: KeyInPath, data: UserPut, users: UsersDep) -> UserOut:
    """Replace the values of a user.

    The email address and the username are required. If you leave out the password, the role or `is_active`, it stays
    as it is. A null password removes the password.
    """
    return await users.replace(user_id, data)


@router.patch(
    "/{user_id}",
    dependencies=JSON_ONLY,
    responses=problems(*OF_BODIES, BUSY, NOT_FOUND, CONFLICT),
)
async def update_user(user_id: KeyInPath, data: UserPatch, users: UsersDep) -> UserOut:
    """Change the given values of a user."""
    return await users.update(user_id, data)


@router.delete("/{user_id}", status_code=204, responses=problems(NOT_FOUND, CONFLICT, OUTCOME_UNKNOWN))
async def delete_user(user_id: KeyInPath, users: UsersDep) -> None:
    """Delete a user and their posts. A user who has accounts can't be deleted."""
    await users.delete(user_id)
