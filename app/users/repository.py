"""Users in the database."""

from functools import partial
from typing import Final

from sqlalchemy import Connection, bindparam, or_, select
from sqlalchemy.orm import Session

from app.users.model import User
from app.users.names import fold_name
from app.users.schemas import UserOut, UserQuery
from sessionscope.database.reads import AsyncReads
from sessionscope.reading.projections import Shown
from sessionscope.reading.schemas import Page

_SHOWN: Final = Shown(
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
    """Finds and keeps users through one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, user_id: int) -> User | None:
        """Return the user, None where there is none."""
        return self._session.get(User, user_id)

    def exists(self, user_id: int) -> bool:
        """Tell whether there is such a user, without loading it into the session."""
        return self._session.connection().scalar(select(User.id).where(User.id == user_id)) is not None

    def taken(self, *, email: str | None, username: str | None, but: int | None) -> list[str]:
        """As `UserReader.taken`, in the session's transaction."""
        return _taken(self._session.connection(), email=email, username=username, but=but)

    def add(self, user: User) -> None:
        """Insert the user, who has an id afterwards."""
        self._session.add(user)
        self._session.flush()

    def delete(self, user: User) -> None:
        """Delete the user, and their posts."""
        self._session.delete(user)
        self._session.flush()


class UserReader:
    """Finds what is shown of users, in visits."""

    def __init__(self, reads: AsyncReads) -> None:
        self._reads = reads

    async def get(self, user_id: int) -> UserOut | None:
        """Return the user, None where there is none."""
        return await _SHOWN.get(self._reads, user_id)

    async def page(self, query: UserQuery) -> Page[UserOut]:
        """Return the users that fit every filter of *query*."""
        return await _SHOWN.page(self._reads, query)

    async def taken(self, *, email: str | None, username: str | None, but: int | None) -> list[str]:
        """Return which of ``email`` and ``username`` a user other than *but* has."""
        return await self._reads.read(partial(_taken, email=email, username=username, but=but))


def _taken(connection: Connection, *, email: str | None, username: str | None, but: int | None) -> list[str]:
    key = None if username is None else fold_name(username)
    same = or_(User.email == email, User.username_key == key)
    others = connection.execute(select(User.email, User.username_key).where(same, User.id != (but or 0))).all()
    found = {"email": any(other.email == email for other in others)}
    found["username"] = key is not None and any(other.username_key == key for other in others)
    return [field for field, is_taken in found.items() if is_taken]
