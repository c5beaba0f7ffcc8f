"""Read and write posts in the database."""

from typing import Final

from sqlalchemy import bindparam
from sqlalchemy.orm import Session, joinedload

from app.posts.model import Post
from app.posts.schemas import PostOut, PostQuery
from app.users.model import User
from sessionscope.database.base import assign
from sessionscope.database.reads import AsyncReads
from sessionscope.reading.projections import Projection
from sessionscope.reading.schemas import Page

_POSTS: Final = Projection(
    Post,
    PostOut,
    filters={
        "author_id": Post.author_id == bindparam("author_id"),
        "title": Post.title == bindparam("title"),
        "created_after": Post.created_at > bindparam("created_after"),
    },
)


class PostRepository:
    """Finds and stores posts, in the transaction of a session."""

    def get(self, session: Session, post_id: int) -> Post | None:
        """Return the post with its author, or None if it doesn't exist."""
        return session.get(Post, post_id, options=[joinedload(Post.author, innerjoin=True)])

    def author(self, session: Session, user_id: int) -> User | None:
        """Return the user who is to be an author, or None if there is no such user."""
        return session.get(User, user_id)

    def shown(self, session: Session, post_id: int) -> PostOut | None:
        """Return the post as clients see it, or None if it doesn't exist."""
        return _POSTS.find(session.connection(), post_id)

    def add(self, session: Session, post: Post) -> None:
        """Insert the post and set its id."""
        session.add(post)
        session.flush()

    def update(self, session: Session, post: Post, values: dict[str, object]) -> None:
        """Set the post's attributes to *values*, and update those that differ."""
        assign(post, values)
        session.flush()

    def delete(self, session: Session, post: Post) -> None:
        """Delete the post."""
        session.delete(post)
        session.flush()


class PostReader:
    """Reads posts and their authors as clients see them, in visits."""

    def __init__(self, reads: AsyncReads) -> None:
        self._reads = reads

    async def get(self, post_id: int) -> PostOut | None:
        """Return the post, or None if it doesn't exist."""
        return await _POSTS.get(self._reads, post_id)

    async def page(self, query: PostQuery) -> Page[PostOut]:
        """Return the posts that match every filter of *query*."""
        return await _POSTS.page(self._reads, query)
