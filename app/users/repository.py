"""Read and write users in the database."""

from functools import partial
from typing import Final

from sqlalchemy import Connection, bindparam, or_, select
from sqlalchemy.orm import Session

from app.users.model import User
from app.users.names import fold_name
from app.users.schemas import UserOut, UserQuery
from sessionscope.database.base import assign
from sessionscope.database.reads import AsyncReads
from sessionscope.reading.projections import Projection
from sessionscope.reading.schemas import Page

_USERS: Final = Projection(
    User,
    UserOut,
    filters={
        "email": User.email == bindparam("email"),
        "username": User.username_key == bindparam("username"),
        "active": User.is_active == bindparam("active"),
        "role": User.role == bindparam("role"),
        "created_after": User.created_at > bindparam("created_after"),
    },
)


class UserRepository:
    """Finds and stores users, in the transaction of a session."""

    def get(self, session: Session, user_id: int) -> User | None:
        """Return the user, or None if there is no such user."""
        return session.get(User, user_id)

    def exists(self, session: Session, user_id: int) -> bool:
        """Tell whether the user exists, without loading it into the session."""
        return session.connection().scalar(select(User.id).where(User.id == user_id)) is not None

    def taken(self, session: Session, *, email: str | None, username: str | None, but: int | None) -> list[str]:
        """Do the same as `UserReader.taken`, in the session's transaction."""
        return _taken(session.connection(), email=email, username=username, but=but)

    def add(self, session: Session, user: User) -> None:
        """Insert the user and set its id."""
        session.add(user)
        session.flush()

    def update(self, session: Session, user: User, values: dict[str, object]) -> None:
        """Set the user's columns to *values*, and update those that differ."""
        assign(user, values)
        session.flush()

    def delete(self, session: Session, user: User) -> None:
        """Delete the user and their posts."""
        session.delete(user)
        session.flush()


class UserReader:
    """Reads users as clients see them, in visits."""

    def __init__(self, reads: AsyncReads) -> None:
        self._reads = reads

    async def get(self, user_id: int) -> UserOut | None:
        """Return the user, or None if there is no such user."""
        return await _USERS.get(self._reads, user_id)

    async def page(self, query: UserQuery) -> Page[UserOut]:
        """Return the users that match every filter of *query*."""
        return await _USERS.page(self._reads, query)

    async def taken(self, *, email: str | None, username: str | None, but: int | None) -> list[str]:
        """Return those of the names ``email`` and ``username`` whose value a user other than *but* has."""
        return await self._reads.read(partial(_taken, email=email, username=username, but=but))


def _taken(connection: Connection, *, email: str | None, username: str | None, but: int | None) -> list[str]:
    key = None if username is None else fold_name(username)
    same = or_(User.email == email, User.username_key == key)
    others = connection.execute(select(User.email, User.username_key).where(same, User.id != (but or 0))).all()
    found = {"email": any(other.email == email for other in others)}
    found["username"] = key is not None and any(other.username_key == key for other in others)
    return [field for field, is_taken in found.items() if is_taken]
