"""The rules for posts."""

from typing import Any

from sqlalchemy.orm import Session

from app.posts.model import Post
from app.posts.repository import PostReader, PostRepository
from app.posts.schemas import PostIn, PostOut, PostPatch, PostQuery
from app.users.model import User
from sessionscope.errors import ConflictError, found
from sessionscope.reading.schemas import Page
from sessionscope.transactions.idempotency import IdempotentTransactions


class PostService:
    """Creates, finds, changes and deletes posts."""

    def __init__(self, transactions: IdempotentTransactions, reader: PostReader, repository: PostRepository) -> None:
        self._transactions = transactions
        self._reader = reader
        self._repository = repository

    async def get(self, post_id: int) -> PostOut:
        """Return the post with its author.

        Raises:
            NotFoundError: The post doesn't exist.
        """
        return found(await self._reader.get(post_id), "post", post_id)

    async def page(self, query: PostQuery) -> Page[PostOut]:
        """Return the posts that match *query*, with their authors."""
        return await self._reader.page(query)

    async def create(self, data: PostIn, key: str | None = None) -> PostOut:
        """Create a post.

        Args:
            data: The post to create.
            key: The client's idempotency key. If a request comes again with the same key, nothing is created: the
                post is returned as it is by then, or the refusal is raised again.

        Raises:
            ConflictError: The author doesn't exist.
            NotFoundError: The post that was created with this key has been deleted.
            KeyReusedError: The key was used for another request.
            RequestInFlightError: The first request with this key has no answer yet.
        """

        def write(session: Session) -> PostOut:
            post = Post(title=data.title, content=data.content, author=self._author(session, data.author_id))
            self._repository.add(session, post)
            return PostOut.model_validate(post)

        def find(session: Session, post_id: int) -> PostOut:
            return found(self._repository.shown(session, post_id), "post", post_id)

        return await self._transactions.run_once(key, f"post {data.model_dump_json()}", work=write, find=find)

    async def replace(self, post_id: int, data: PostIn) -> PostOut:
        """Set all values of the post to those of *data*; errors are those of `get` and `create`."""
        return await self._change(post_id, data.model_dump())

    async def update(self, post_id: int, data: PostPatch) -> PostOut:
        """Set the values that *data* contains; errors are those of `get` and `create`."""
        return await self._change(post_id, data.model_dump(exclude_unset=True))

    async def delete(self, post_id: int) -> None:
        """Delete the post.

        Raises:
            NotFoundError: The post doesn't exist.
        """

        def delete(session: Session) -> None:
            self._repository.delete(session, self._post(session, post_id))

        await self._transactions.run_sync(delete)

    async def _change(self, post_id: int, values: dict[str, Any]) -> PostOut:
        def change(session: Session) -> PostOut:
            post = self._post(session, post_id)
            changes = dict(values)
            if "author_id" in changes:
                changes["author"] = self._author(session, changes.pop("author_id"))
            self._repository.update(session, post, changes)
            return PostOut.model_validate(post)

        return await self._transactions.run_sync(change)

    def _post(self, session: Session, post_id: int) -> Post:
        return found(self._repository.get(session, post_id), "post", post_id)

    def _author(self, session: Session, user_id: int) -> User:
        author = self._repository.author(session, user_id)
        if author is None:
            raise ConflictError(f"there is no user {user_id} to be the author")
        return author
