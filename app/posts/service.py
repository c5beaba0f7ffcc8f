"""The rules for posts."""

from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from app.idempotency.service import IdempotentTransactions
from app.posts.model import Post
from app.posts.repository import PostRepository
from app.posts.schemas import PostIn, PostPatch, PostQuery
from app.users.model import User
from app.users.repository import UserRepository
from sessionscope.database.reads import AsyncReads
from sessionscope.errors import ConflictError, NotFoundError
from sessionscope.reading.paging import PageOf
from sessionscope.transactions.unit_of_work import AsyncTransactions


class PostService:
    """Creates, finds, changes and deletes posts."""

    def __init__(
        self, transactions: AsyncTransactions, reads: AsyncReads, idempotent_transactions: IdempotentTransactions
    ) -> None:
        self._transactions = transactions
        self._idempotent_transactions = idempotent_transactions
        self._reads = reads

    async def get(self, post_id: int) -> Post:
        """Return the post with its author.

        Raises:
            NotFoundError: There is none.
        """
        post = await self._reads.session.run_sync(lambda session: PostRepository(session).get(post_id))
        return _found(post, post_id)

    async def page(self, query: PostQuery) -> PageOf[Post]:
        """Return the posts that fit *query*, with their authors."""
        return await self._reads.session.run_sync(lambda session: PostRepository(session).page(query))

    async def create(self, data: PostIn, key: str | None = None) -> Post:
        """Create a post.

        Args:
            data: What to create.
            key: The client's for this request. Sent again with it, the request creates nothing, and gets the post
                that it created, as it is by then, or the refusal again.

        Raises:
            ConflictError: There is no such author.
            NotFoundError: The post that the key created has been deleted.
            KeyReusedError: The key was used for another request.
            RequestInFlightError: The first request with this key has no answer yet.
        """
        work = partial(_write, data=data)
        request = f"post {data.model_dump_json()}"
        return await self._idempotent_transactions.run_once(key, request, work=work, find=_find)

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

        def delete(session: Session) -> None:
            PostRepository(session).delete(_find(session, post_id))

        await self._transactions.run_sync(delete)

    async def _change(self, post_id: int, values: dict[str, Any]) -> Post:
        def change(session: Session) -> Post:
            post = _find(session, post_id)
            for name, value in values.items():
                if name == "author_id":
                    post.author = _author(session, value)
                else:
                    setattr(post, name, value)
            session.flush()
            return post

        return await self._transactions.run_sync(change)


def _write(session: Session, data: PostIn) -> Post:
    post = Post(title=data.title, content=data.content, author=_author(session, data.author_id))
    PostRepository(session).add(post)
    return post


def _find(session: Session, post_id: int) -> Post:
    return _found(PostRepository(session).get(post_id), post_id)


def _author(session: Session, user_id: int) -> User:
    author = UserRepository(session).get(user_id)
    if author is None:
        raise ConflictError(f"there is no user {user_id} to be the author")
    return author


def _found(post: Post | None, post_id: int) -> Post:
    if post is None:
        raise NotFoundError("post", post_id)
    return post
