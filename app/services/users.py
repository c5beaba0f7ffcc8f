"""The rules for users."""

from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.errors import Violation, violation_of
from app.database.session import AsyncReadSession
from app.database.transaction import async_transaction
from app.errors import ConflictError, NotFoundError
from app.models.user import User
from app.repositories.paging import PageOf
from app.repositories.users import UserRepository
from app.schemas.users import UserIn, UserPatch, UserQuery
from app.services.passwords import hash_password


class UserService:
    """Creates, finds, changes and deletes users."""

    def __init__(self, session: AsyncSession, read_session: AsyncReadSession) -> None:
        self._session = session
        self._users = UserRepository(session)
        self._readers = UserRepository(read_session)

    async def get(self, user_id: int) -> User:
        """Return the user.

        Raises:
            NotFoundError: There is none.
        """
        return _found(await self._readers.get(user_id), user_id)

    async def page(self, query: UserQuery) -> PageOf[User]:
        """Return the users that fit *query*."""
        return await self._readers.page(query)

    async def create(self, data: UserIn) -> User:
        """Create a user.

        Raises:
            ConflictError: The email address or the username is taken.
        """
        values = await _columns(data.model_dump())
        user = User(**values)
        try:
            async with async_transaction(self._session):
                await self._users.add(user)
        except IntegrityError as error:
            raise await self._conflict(error, values) from error
        return user

    async def replace(self, user_id: int, data: UserIn) -> User:
        """Give the user every value of *data*; errors as `get` and `create`."""
        return await self._change(user_id, data.model_dump())

    async def update(self, user_id: int, data: UserPatch) -> User:
        """Give the user the values that *data* sets; errors as `get` and `create`."""
        return await self._change(user_id, data.model_dump(exclude_unset=True))

    async def delete(self, user_id: int) -> None:
        """Delete the user and their posts.

        Raises:
            NotFoundError: There is none.
            ConflictError: The user has accounts.
        """
        try:
            async with async_transaction(self._session):
                await self._users.delete(_found(await self._users.get(user_id), user_id))
        except IntegrityError as error:
            if violation_of(error) is not Violation.FOREIGN_KEY:
                raise
            raise ConflictError(f"user {user_id} has accounts") from error

    async def _change(self, user_id: int, values: dict[str, Any]) -> User:
        values = await _columns(values)
        try:
            async with async_transaction(self._session):
                user = _found(await self._users.get(user_id), user_id)
                for name, value in values.items():
                    setattr(user, name, value)
                await self._session.flush()
        except IntegrityError as error:
            raise await self._conflict(error, values, user_id) from error
        return user

    async def _conflict(self, error: IntegrityError, values: dict[str, Any], user_id: int | None = None) -> Exception:
        if violation_of(error) is not Violation.UNIQUE:
            return error
        # The database says that something is taken; what it is, only its message tells, in its own language.
        taken = await self._readers.taken(email=values.get("email"), username=values.get("username"), but=user_id)
        return ConflictError(f"{' and '.join(taken) or 'email or username'} already taken")


def _found(user: User | None, user_id: int) -> User:
    if user is None:
        raise NotFoundError("user", user_id)
    return user


async def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """Return *values* with the hash in place of the password, which goes no further."""
    if "password" in values:
        values["password_hash"] = await hash_password(values.pop("password"))
    return values
