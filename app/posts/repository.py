"""Posts in the database."""

from typing import Final

from sqlalchemy import bindparam
from sqlalchemy.orm import Session, joinedload

from app.posts.model import Post
from app.posts.schemas import PostOut, PostQuery
from app.users.model import User
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
    """Finds and keeps posts, in the transaction of the session that it is given."""

    def get(self, session: Session, post_id: int) -> Post | None:
        """Return the post with its author, None where there is none."""
        return session.get(Post, post_id, options=[joinedload(Post.author, innerjoin=True)])

    def author(self, session: Session, user_id: int) -> User | None:
        """Return the user who is to be an author, None where there is none."""
        return session.get(User, user_id)

    def shown(self, session: Session, post_id: int) -> PostOut | None:
        """Return the post as clients see it, None where there is none."""
        return _POSTS.find(session.connection(), post_id)

    def add(self, session: Session, post: Post) -> None:
        """Insert the post, which has an id afterwards."""
        session.add(post)
        session.flush()

    def update(self, session: Session, post: Post, values: dict[str, object]) -> None:
        """Give the post's attributes *values*, and send those that differ."""
        for name, value in values.items():
            setattr(post, name, value)
        session.flush()

    def delete(self, session: Session, post: Post) -> None:
        """Delete the post."""
        session.delete(post)
        session.flush()


class PostReader:
    """Finds what is shown of posts and their authors, in visits."""

    def __init__(self, reads: AsyncReads) -> None:
        self._reads = reads

    async def get(self, post_id: int) -> PostOut | None:
        """Return the post, None where there is none."""
        return await _POSTS.get(self._reads, post_id)

    async def page(self, query: PostQuery) -> Page[PostOut]:
        """Return the posts that fit every filter of *query*."""
        return await _POSTS.page(self._reads, query)
