"""Posts in the database."""

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.posts.model import Post
from app.posts.schemas import PostQuery
from sessionscope.reading.paging import PageOf, fetch_page, ordering


class PostRepository:
    """Finds and keeps posts through one session, always with their authors."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, post_id: int) -> Post | None:
        """Return the post, None where there is none."""
        return self._session.get(Post, post_id, options=[joinedload(Post.author, innerjoin=True)])

    def page(self, query: PostQuery) -> PageOf[Post]:
        """Return the posts that fit every filter of *query*; one statement, whatever the number of authors."""
        statement = select(Post)
        if query.author_id is not None:
            statement = statement.where(Post.author_id == query.author_id)
        if query.title is not None:
            statement = statement.where(Post.title == query.title)
        if query.created_after is not None:
            statement = statement.where(Post.created_at > query.created_after)
        return fetch_page(
            self._session,
            statement,
            order=ordering(Post, query.sort),
            limit=query.limit,
            offset=query.offset,
            options=(joinedload(Post.author, innerjoin=True),),
        )

    def add(self, post: Post) -> None:
        """Insert the post, which has an id afterwards."""
        self._session.add(post)
        self._session.flush()

    def delete(self, post: Post) -> None:
        """Delete the post."""
        self._session.delete(post)
        self._session.flush()
