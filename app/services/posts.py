"""The rules for posts."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.database.session import AsyncReadSession
from app.database.transaction import async_transaction
from app.errors import ConflictError, NotFoundError
from app.models.post import Post
from app.models.user import User
from app.repositories.paging import PageOf
from app.repositories.posts import PostRepository
from app.repositories.users import UserRepository
from app.schemas.posts import PostIn, PostPatch, PostQuery


class PostService:
    """Creates, finds, changes and deletes posts."""

    def __init__(self, session: AsyncSession, read_session: AsyncReadSession) -> None:
        self._session = session
        self._posts = PostRepository(session)
        self._users = UserRepository(session)
        self._readers = PostRepository(read_session)

    async def get(self, post_id: int) -> Post:
        """Return the post with its author.

        Raises:
            NotFoundError: There is none.
        """
        return _found(await self._readers.get(post_id), post_id)

    async def page(self, query: PostQuery) -> PageOf[Post]:
        """Return the posts that fit *query*, with their authors."""
        return await self._readers.page(query)

    async def create(self, data: PostIn) -> Post:
        """Create a post.

        Raises:
            ConflictError: There is no such author.
        """
        async with async_transaction(self._session):
            post = Post(title=data.title, content=data.content, author=await self._author(data.author_id))
            await self._posts.add(post)
        return post

    async def replace(self, post_id: int, data: PostIn) -> Post:
        """Give the post every value of *data*; errors as `get` and `create`."""
        return await self._change(post_id, data.model_dump())

    async def update(self, post_id: int, data: PostPatch) -> Post:
        """Give the post the values that *data* sets; errors as `get` and `create`."""
        return await self._change(post_id, data.model_dump(exclude_unset=True))

    async def delete(self, post_id: int) -> None:
        """Delete the post.

        Raises:
            NotFoundError: There is none.
        """
        async with async_transaction(self._session):
            await self._posts.delete(_found(await self._posts.get(post_id), post_id))

    async def _change(self, post_id: int, values: dict[str, Any]) -> Post:
        async with async_transaction(self._session):
            post = _found(await self._posts.get(post_id), post_id)
            if "author_id" in values:
                post.author = await self._author(values.pop("author_id"))
            for name, value in values.items():
                setattr(post, name, value)
            await self._session.flush()
        return post

    async def _author(self, user_id: int) -> User:
        author = await self._users.get(user_id)
        if author is None:
            raise ConflictError(f"there is no user {user_id} to be the author")
        return author


def _found(post: Post | None, post_id: int) -> Post:
    if post is None:
        raise NotFoundError("post", post_id)
    return post
