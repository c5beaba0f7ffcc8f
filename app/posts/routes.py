"""The endpoints of /posts/."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.dependencies import PostsDep, UsersDep
from app.posts.schemas import AuthorPostQuery, PostIn, PostOut, PostPatch, PostQuery
from sessionscope.errors import CONFLICT, NOT_FOUND
from sessionscope.fastapi.parameters import JSON_ONLY, IdempotencyKeyDep, KeyInPath
from sessionscope.fastapi.problem_types import OUTCOME_UNKNOWN
from sessionscope.fastapi.problems import OF_BODIES, OF_KEYS, problems
from sessionscope.fastapi.responses import location_of
from sessionscope.reading.schemas import Page

router = APIRouter(prefix="/posts", tags=["posts"])
author_router = APIRouter(prefix="/users/{user_id}/posts", tags=["users"])


@router.post(
    "/",
    status_code=201,
    dependencies=JSON_ONLY,
    responses=problems(*OF_BODIES, CONFLICT, NOT_FOUND, *OF_KEYS),
)
async def create_post(
    data: PostIn,
    posts: PostsDep,
    request: Request,
    response: Response,
    idempotency_key: IdempotencyKeyDep,
) -> PostOut:
    """Create a post. Its author must exist.

    If you send the request again with the same Idempotency-Key, you get the same post, or a 404 if it was deleted.
    """
    post = await posts.create(data, idempotency_key)
    response.headers["Location"] = location_of(request, post.id)
    return post


@router.get("/", responses=problems())
async def list_posts(query: Annotated[PostQuery, Query()], posts: PostsDep) -> Page[PostOut]:
    """List posts with their authors, filtered and sorted."""
    return await posts.page(query)


@router.get("/{post_id}", responses=problems(NOT_FOUND))
async def get_post(post_id: KeyInPath, posts: PostsDep) -> PostOut:
    """Show a post with its author."""
    return await posts.get(post_id)


@router.put(
    "/{post_id}",
    dependencies=JSON_ONLY,
    responses=problems(*OF_BODIES, NOT_FOUND, CONFLICT),
)
async def replace_post(post_id: KeyInPath, data: PostIn, posts: PostsDep) -> PostOut:
    """Replace every value of a post."""
    return await posts.replace(post_id, data)


@router.patch(
    "/{post_id}",
    dependencies=JSON_ONLY,
    responses=problems(*OF_BODIES, NOT_FOUND, CONFLICT),
)
async def update_post(post_id: KeyInPath, data: PostPatch, posts: PostsDep) -> PostOut:
    """Change the given values of a post."""
    return await posts.update(post_id, data)


@router.delete("/{post_id}", status_code=204, responses=problems(NOT_FOUND, OUTCOME_UNKNOWN))
async def delete_post(post_id: KeyInPath, posts: PostsDep) -> None:
    """Delete a post."""
    await posts.delete(post_id)


@author_router.get("", responses=problems(NOT_FOUND))
async def list_posts_of_user(
    user_id: KeyInPath, query: Annotated[AuthorPostQuery, Query()], users: UsersDep, posts: PostsDep
) -> Page[PostOut]:
    """List the posts of a user."""
    await users.get(user_id)
    return await posts.page(PostQuery(**query.model_dump(), author_id=user_id))
