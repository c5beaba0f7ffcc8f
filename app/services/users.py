"""The rules for users."""

from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database.errors import Violation, violation_of
from app.database.reads import AsyncReads
from app.database.unit_of_work import AsyncTransactions
from app.errors import ConflictError, NotFoundError
from app.models.user import User
from app.repositories.users import UserReader, UserRepository
from app.schemas.base import Page
from app.schemas.users import UserIn, UserOut, UserPatch, UserPut, UserQuery
from app.services.passwords import hash_password

U = TypeVar("U", User, UserOut)


class UserService:
    """Creates, finds, changes and deletes users."""

    def __init__(self, transactions: AsyncTransactions, reads: AsyncReads) -> None:
        self._transactions = transactions
        self._reader = UserReader(reads)

    async def get(self, user_id: int) -> UserOut:
        """Return the user.

        Raises:
            NotFoundError: There is none.
        """
        return _found(await self._reader.get(user_id), user_id)

    async def page(self, query: UserQuery) -> Page[UserOut]:
        """Return the users that fit *query*."""
        return await self._reader.page(query)

    async def create(self, data: UserIn) -> User:
        """Create a user.

        Raises:
            ConflictError: The email address or the username is taken.
        """
        values = await _columns(data.model_dump())

        def add(session: Session) -> User:
            user = User(**values)
            UserRepository(session).add(user)
            return user

        try:
            return await self._transactions.run_sync(add)
        except IntegrityError as error:
            raise await self._conflict(error, values) from error

    async def replace(self, user_id: int, data: UserPut) -> User:
        """Give the user the values that *data* sets, which has the required ones; errors as `get` and `create`."""
        return await self._change(user_id, data.model_dump(exclude_unset=True))

    async def update(self, user_id: int, data: UserPatch) -> User:
        """Give the user the values that *data* sets; errors as `get` and `create`."""
        return await self._change(user_id, data.model_dump(exclude_unset=True))

    async def delete(self, user_id: int) -> None:
        """Delete the user and their posts.

        Raises:
            NotFoundError: There is none.
            ConflictError: The user has accounts.
        """

        def delete(session: Session) -> None:
            users = UserRepository(session)
            users.delete(_found(users.get(user_id), user_id))

        try:
            await self._transactions.run_sync(delete)
        except IntegrityError as error:
            if violation_of(error) is not Violation.FOREIGN_KEY:
                raise
            raise ConflictError(f"user {user_id} has accounts") from error

    async def _change(self, user_id: int, values: dict[str, Any]) -> User:
        values = await _columns(values)

        def change(session: Session) -> User:
            user = _found(UserRepository(session).get(user_id), user_id)
            for name, value in values.items():
                setattr(user, name, value)
            session.flush()
            return user

        try:
            return await self._transactions.run_sync(change)
        except IntegrityError as error:
            raise await self._conflict(error, values, user_id) from error

    async def _conflict(self, error: IntegrityError, values: dict[str, Any], user_id: int | None = None) -> Exception:
        if violation_of(error) is not Violation.UNIQUE:
            return error
        # The database says that something is taken; what it is, only its message tells, in its own language.
        taken = await self._reader.taken(email=values.get("email"), username=values.get("username"), but=user_id)
        return ConflictError(f"{' and '.join(taken) or 'email or username'} already taken")


def _found(user: U | None, user_id: int) -> U:
    if user is None:
        raise NotFoundError("user", user_id)
    return user


async def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """Return *values* with the hash in place of the password, which goes no further."""
    if "password" in values:
        values["password_hash"] = await hash_password(values.pop("password"))
    return values
