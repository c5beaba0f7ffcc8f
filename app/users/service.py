"""The rules for users."""

from functools import partial
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.users.model import User
from app.users.repository import UserReader, UserRepository
from app.users.schemas import UserIn, UserOut, UserPatch, UserPut, UserQuery
from sessionscope.database.conflicts import Conflicts
from sessionscope.database.errors import Violation, violation_of
from sessionscope.errors import ConflictError, NotFoundError, found
from sessionscope.reading.schemas import Page
from sessionscope.security.passwords import PasswordHasher
from sessionscope.transactions.options import TransactionOptions
from sessionscope.transactions.unit_of_work import AsyncTransactions

_READ_ONLY: Final = TransactionOptions(read_only=True)


class UserService:
    """Creates, finds, changes and deletes users."""

    def __init__(
        self, transactions: AsyncTransactions, reader: UserReader, repository: UserRepository, passwords: PasswordHasher
    ) -> None:
        self._transactions = transactions
        self._reader = reader
        self._repository = repository
        self._passwords = passwords

    async def get(self, user_id: int) -> UserOut:
        """Return the user.

        Raises:
            NotFoundError: There is no such user.
        """
        return found(await self._reader.get(user_id), "user", user_id)

    async def page(self, query: UserQuery) -> Page[UserOut]:
        """Return the users that match *query*."""
        return await self._reader.page(query)

    async def create(self, data: UserIn) -> UserOut:
        """Create a user.

        Raises:
            ConflictError: The email address or the username is taken.
            BusyError: Too many passwords are being hashed.
        """
        values = await self._columns(data.model_dump())

        def add(session: Session) -> UserOut:
            user = User(**values)
            self._repository.add(session, user)
            return UserOut.model_validate(user)

        try:
            return await self._transactions.run_sync(add)
        except IntegrityError as error:
            raise await self._conflict(error, values) from error

    async def replace(self, user_id: int, data: UserPut) -> UserOut:
        """Set the values that *data* contains, the required ones included; errors are those of `get` and `create`."""
        return await self._change(user_id, data.model_dump(exclude_unset=True))

    async def update(self, user_id: int, data: UserPatch) -> UserOut:
        """Set the values that *data* contains; errors are those of `get` and `create`."""
        return await self._change(user_id, data.model_dump(exclude_unset=True))

    async def delete(self, user_id: int) -> None:
        """Delete the user and their posts.

        Raises:
            NotFoundError: There is no such user.
            ConflictError: The user has accounts.
        """

        def delete(session: Session) -> None:
            self._repository.delete(session, found(self._repository.get(session, user_id), "user", user_id))

        with Conflicts(foreign_key=f"user {user_id} has accounts"):
            await self._transactions.run_sync(delete)

    async def _change(self, user_id: int, values: dict[str, Any]) -> UserOut:
        values = await self._columns(values, user_id)

        def change(session: Session) -> UserOut:
            user = found(self._repository.get(session, user_id), "user", user_id)
            self._repository.update(session, user, values)
            return UserOut.model_validate(user)

        try:
            return await self._transactions.run_sync(change)
        except IntegrityError as error:
            raise await self._conflict(error, values, user_id) from error

    async def _columns(self, values: dict[str, Any], user_id: int | None = None) -> dict[str, Any]:
        """Return *values* with the password's hash in place of the password."""
        if "password" not in values:
            return values
        password = values.pop("password")
        if password is not None:
            # Hashing is slow on purpose, so refuse a request that would fail anyway before it. The constraints have
            # the last word, because another request may take the name meanwhile.
            await self._transactions.run_sync(partial(self._refuse, values=values, user_id=user_id), _READ_ONLY)
            password = await self._passwords.hash(password)
        return values | {"password_hash": password}

    def _refuse(self, session: Session, values: dict[str, Any], user_id: int | None) -> None:
        if user_id is not None and not self._repository.exists(session, user_id):
            raise NotFoundError("user", user_id)
        email, username = values.get("email"), values.get("username")
        taken = self._repository.taken(session, email=email, username=username, but=user_id)
        if taken:
            raise _already_taken(taken)

    async def _conflict(self, error: IntegrityError, values: dict[str, Any], user_id: int | None = None) -> Exception:
        if violation_of(error) is not Violation.UNIQUE:
            return error
        # Only the database's message says which value is taken, in a form of its own, so look it up.
        taken = await self._reader.taken(email=values.get("email"), username=values.get("username"), but=user_id)
        return _already_taken(taken)


def _already_taken(names: list[str]) -> ConflictError:
    return ConflictError(f"{' and '.join(names) or 'email or username'} already taken")
