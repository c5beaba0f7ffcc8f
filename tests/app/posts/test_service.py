"""The rules for posts, tested on fakes without a database."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from app.posts.model import Post
from app.posts.repository import PostRepository
from app.posts.schemas import PostIn, PostOut, PostPatch
from app.posts.service import PostService
from app.users.model import User
from containers import ApplicationContainer
from sessionscope.errors import ConflictError, KeyReusedError, NotFoundError
from sessionscope.testing.fakes import FakeAsyncTransactions
from sessionscope.testing.overrides import Override

pytestmark = pytest.mark.isolation("none")

NOW = datetime(2026, 1, 31, tzinfo=UTC)


class FakePostRepository(PostRepository):
    """A repository that keeps posts of two users in a dictionary."""

    def __init__(self) -> None:
        self.posts: dict[int, Post] = {}
        self.users = {1: User(id=1, username="ann"), 2: User(id=2, username="bob")}

    def get(self, session: Session, post_id: int) -> Post | None:
        return self.posts.get(post_id)

    def author(self, session: Session, user_id: int) -> User | None:
        return self.users.get(user_id)

    def shown(self, session: Session, post_id: int) -> PostOut | None:
        post = self.posts.get(post_id)
        return None if post is None else PostOut.model_validate(post)

    def add(self, session: Session, post: Post) -> None:
        post.id, post.author_id, post.created_at, post.updated_at = len(self.posts) + 1, post.author.id, NOW, NOW
        self.posts[post.id] = post

    def update(self, session: Session, post: Post, values: dict[str, object]) -> None:
        for name, value in values.items():
            setattr(post, name, value)
        post.author_id = post.author.id

    def delete(self, session: Session, post: Post) -> None:
        del self.posts[post.id]


@pytest.fixture(name="repository")
def _repository() -> FakePostRepository:
    return FakePostRepository()


@pytest.fixture(name="posts")
def _posts(container: ApplicationContainer, override: Override, repository: FakePostRepository) -> PostService:
    """Give the container's service with fakes in place of its dependencies."""
    override(ApplicationContainer.post_repository, repository)
    override(ApplicationContainer.idempotent_transactions, FakeAsyncTransactions())
    override(ApplicationContainer.post_reader, object())
    return container.posts()


def body(title: str = "On sessions", author_id: int = 1) -> PostIn:
    """Return a post to create."""
    return PostIn(title=title, content="One per request.", author_id=author_id)


class TestCreate:
    async def test_post_is_shown_with_its_author(self, posts: PostService) -> None:
        """The response shows the author as readers will see it."""
        post = await posts.create(body())
        assert (1, {"id": 1, "username": "ann"}) == (post.id, post.author.model_dump())

    async def test_author_must_exist(self, posts: PostService, repository: FakePostRepository) -> None:
        """A post whose author doesn't exist is a conflict, and is not stored."""
        with pytest.raises(ConflictError, match="there is no user 9 to be the author"):
            await posts.create(body(author_id=9))
        assert {} == repository.posts

    async def test_same_key_creates_one_post(self, posts: PostService, repository: FakePostRepository) -> None:
        """The second request gets the post as it is by then."""
        await posts.create(body(), "k-1")
        await posts.update(1, PostPatch(title="new"))
        again = await posts.create(body(), "k-1")
        assert (1, "new", 1) == (again.id, again.title, len(repository.posts))

    async def test_key_is_of_one_body(self, posts: PostService) -> None:
        """Using the key for another body is a mistake of the client."""
        await posts.create(body(), "k-1")
        with pytest.raises(KeyReusedError):
            await posts.create(body("another"), "k-1")

    async def test_deleted_post_does_not_come_back(self, posts: PostService) -> None:
        """A late copy of the request is a 404."""
        await posts.create(body(), "k-1")
        await posts.delete(1)
        with pytest.raises(NotFoundError, match="there is no post 1"):
            await posts.create(body(), "k-1")


class TestChange:
    async def test_author_may_change(self, posts: PostService) -> None:
        """A new author is shown at once."""
        await posts.create(body())
        post = await posts.replace(1, body(author_id=2))
        assert (2, "bob") == (post.author_id, post.author.username)

    async def test_new_author_must_exist(self, posts: PostService, repository: FakePostRepository) -> None:
        """Nothing changes when the author doesn't exist."""
        await posts.create(body())
        with pytest.raises(ConflictError):
            await posts.update(1, PostPatch(title="new", author_id=9))
        assert "On sessions" == repository.posts[1].title

    async def test_unknown_post_is_not_found(self, posts: PostService) -> None:
        """The error says what is missing."""
        with pytest.raises(NotFoundError, match="there is no post 7"):
            await posts.update(7, PostPatch(title="new"))
