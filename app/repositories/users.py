"""Users in the database."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.user import User
from app.repositories.paging import PageOf, fetch_page, ordering
from app.schemas.users import UserQuery


class UserRepository:
    """Finds and keeps users through one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, user_id: int) -> User | None:
        """Return the user, None where there is none."""
        return await self._session.get(User, user_id)

    async def page(self, query: UserQuery) -> PageOf[User]:
        """Return the users that fit every filter of *query*."""
        statement = select(User)
        if query.email is not None:
            statement = statement.where(User.email == query.email)
        if query.username is not None:
            statement = statement.where(User.username == query.username)
        if query.active is not None:
            statement = statement.where(User.is_active == query.active)
        if query.role is not None:
            statement = statement.where(User.role == query.role)
        if query.created_after is not None:
            statement = statement.where(User.created_at > query.created_after)
        order = ordering(User, query.sort)
        return await fetch_page(self._session, statement, order=order, limit=query.limit, offset=query.offset)

    async def taken(self, *, email: str | None, username: str | None, but: int | None) -> list[str]:
        """Return which of ``email`` and ``username`` a user other than *but* has."""
        statement = select(User).where(or_(User.email == email, User.username == username), User.id != (but or 0))
        others = list(await self._session.scalars(statement))
        found = {"email": any(user.email == email for user in others)}
        found["username"] = any(user.username == username for user in others)
        return [field for field, is_taken in found.items() if is_taken]

    async def add(self, user: User) -> None:
        """Insert the user, who has an id afterwards."""
        self._session.add(user)
        await self._session.flush()

    async def delete(self, user: User) -> None:
        """Delete the user, and their posts."""
        await self._session.delete(user)
        await self._session.flush()
