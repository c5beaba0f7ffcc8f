"""The services of the tests' own service: each way to read and to write once."""

from functools import partial

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sessionscope.database.errors import Violation, violation_of
from sessionscope.database.reads import AsyncReads
from sessionscope.database.session import ReadSession
from sessionscope.errors import ConflictError, NotFoundError
from sessionscope.transactions.unit_of_work import AsyncTransactions
from tests.sessionscope.service.models import Post, User
from tests.sessionscope.service.schemas import PostIn, PostOut, UserIn, UserOut, UserPage, UserQuery


class UserService:
    """Creates, finds and deletes users."""

    def __init__(self, transactions: AsyncTransactions, reads: AsyncReads) -> None:
        self._transactions = transactions
        self._reads = reads

    async def get(self, user_id: int) -> UserOut:
        """Return the user.

        Raises:
            NotFoundError: There is none.
        """
        return await self._reads.read(partial(_user, user_id=user_id))

    async def page(self, query: UserQuery) -> UserPage:
        """Return the users that *query* asks for."""
        return await self._reads.read(partial(_page, query=query))

    async def create(self, data: UserIn) -> UserOut:
        """Create a user.

        Raises:
            ConflictError: The email address or the username is taken.
        """

        def add(session: Session) -> UserOut:
            user = User(**data.model_dump())
            session.add(user)
            session.flush()
            return UserOut.model_validate(user)

        try:
            return await self._transactions.run_sync(add)
        except IntegrityError as error:
            if violation_of(error) is not Violation.UNIQUE:
                raise
            raise ConflictError("email or username already taken") from error

    async def delete(self, user_id: int) -> None:
        """Delete the user; errors as `get`."""

        def delete(session: Session) -> None:
            user = session.get(User, user_id)
            if user is None:
                raise NotFoundError("user", user_id)
            session.delete(user)

        await self._transactions.run_sync(delete)


class PostService:
    """Creates and finds posts."""

    def __init__(self, transactions: AsyncTransactions, reads: AsyncReads) -> None:
        self._transactions = transactions
        self._reads = reads

    async def get(self, post_id: int) -> PostOut:
        """Return the post.

        Raises:
            NotFoundError: There is none.
        """
        return await self._reads.read(partial(_post, post_id=post_id))

    async def create(self, data: PostIn) -> PostOut:
        """Create a post."""

        def add(session: Session) -> PostOut:
            post = Post(**data.model_dump())
            session.add(post)
            session.flush()
            return PostOut.model_validate(post)

        return await self._transactions.run_sync(add)


class ReportService:
    """Reads through the scope's sync session."""

    def __init__(self, session: ReadSession) -> None:
        # Each answer is a block that gives the connection back at its end: the thread that turns the answer into JSON
        # may have to wait for threads that wait for this connection.
        self._session = session

    def count_users(self) -> int:
        """Return the number of users."""
        with self._session.begin():
            return self._session.scalar(select(func.count()).select_from(User)) or 0

    def first_username(self) -> str | None:
        """Return the name of the user with the lowest id."""
        with self._session.begin():
            return self._session.scalar(select(User.username).order_by(User.id).limit(1))


def _user(connection: Connection, user_id: int) -> UserOut:
    columns = select(User.id, User.email, User.username)
    row = connection.execute(columns.where(User.id == user_id)).first()
    if row is None:
        raise NotFoundError("user", user_id)
    return UserOut.model_validate(row)


def _page(connection: Connection, query: UserQuery) -> UserPage:
    columns = select(User.id, User.email, User.username)
    rows = connection.execute(columns.order_by(User.id).limit(query.limit).offset(query.offset)).all()
    total = connection.scalar(select(func.count()).select_from(User))
    return UserPage(items=[UserOut.model_validate(row) for row in rows], total=total or 0)


def _post(connection: Connection, post_id: int) -> PostOut:
    columns = select(Post.id, Post.title, Post.content, Post.author_id)
    row = connection.execute(columns.where(Post.id == post_id)).first()
    if row is None:
        raise NotFoundError("post", post_id)
    return PostOut.model_validate(row)
