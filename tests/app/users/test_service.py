"""The rules for users, tested on fakes without a database."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.users.model import User
from app.users.repository import UserReader, UserRepository
from app.users.schemas import UserIn, UserOut, UserPatch
from app.users.service import UserService
from containers import ApplicationContainer
from sessionscope.errors import BusyError, ConflictError, NotFoundError
from sessionscope.testing.fakes import FakeAsyncTransactions
from sessionscope.testing.overrides import Override

pytestmark = pytest.mark.isolation("none")

NOW = datetime(2026, 1, 31, tzinfo=UTC)
PASSWORD = "correct horse battery"


class FakeUserRepository(UserRepository):
    """A repository that keeps users in a dictionary."""

    def __init__(self) -> None:
        self.users: dict[int, User] = {}

    def get(self, session: Session, user_id: int) -> User | None:
        return self.users.get(user_id)

    def exists(self, session: Session, user_id: int) -> bool:
        return user_id in self.users

    def taken(self, session: Session, *, email: str | None, username: str | None, but: int | None) -> list[str]:
        others = [user for user in self.users.values() if user.id != but]
        wanted = {"email": email, "username": username}
        return [field for field, value in wanted.items() if value in {getattr(user, field) for user in others}]

    def add(self, session: Session, user: User) -> None:
        user.id, user.created_at, user.updated_at = len(self.users) + 1, NOW, NOW
        self.users[user.id] = user

    def update(self, session: Session, user: User, values: dict[str, object]) -> None:
        for name, value in values.items():
            setattr(user, name, value)

    def delete(self, session: Session, user: User) -> None:
        del self.users[user.id]


class FakeUserReader(UserReader):
    """A reader that shows the users of the repository."""

    def __init__(self, repository: FakeUserRepository) -> None:
        self._repository = repository

    async def get(self, user_id: int) -> UserOut | None:
        user = self._repository.users.get(user_id)
        return None if user is None else UserOut.model_validate(user)


class FakePasswords:
    """A hasher with a limited number of places."""

    def __init__(self) -> None:
        self.places = 9

    async def hash(self, password: str) -> str:
        if not self.places:
            raise BusyError("ask again in a moment")
        self.places -= 1
        return password[::-1]


@pytest.fixture(name="repository")
def _repository() -> FakeUserRepository:
    return FakeUserRepository()


@pytest.fixture(name="transactions")
def _transactions() -> FakeAsyncTransactions:
    return FakeAsyncTransactions()


@pytest.fixture(name="passwords")
def _passwords() -> FakePasswords:
    return FakePasswords()


@pytest.fixture(name="users")
def _users(
    container: ApplicationContainer,
    override: Override,
    repository: FakeUserRepository,
    transactions: FakeAsyncTransactions,
    passwords: FakePasswords,
) -> UserService:
    """Give the container's service with fakes in place of its dependencies."""
    override(ApplicationContainer.user_repository, repository)
    override(ApplicationContainer.user_reader, FakeUserReader(repository))
    override(ApplicationContainer.database.async_transactions, transactions)
    override(ApplicationContainer.passwords, passwords, partial=True)
    return container.users()


def body(name: str = "ann", **values: Any) -> UserIn:
    """Return a user to create."""
    return UserIn.model_validate({"email": f"{name}@example.com", "username": name} | values)


class TestCreate:
    async def test_user_is_kept_and_shown(self, users: UserService, transactions: FakeAsyncTransactions) -> None:
        """The user is created in one unit of work, whose result is the response."""
        user = await users.create(body())
        assert (1, "ann", "user", True) == (user.id, user.username, user.role, user.is_active)
        assert ([user], []) == (transactions.committed, transactions.rolled_back)
        assert user == await users.get(1)

    async def test_password_is_kept_as_its_hash(self, users: UserService, repository: FakeUserRepository) -> None:
        """The password itself is stored nowhere."""
        await users.create(body(password=PASSWORD))
        assert PASSWORD[::-1] == repository.users[1].password_hash

    @pytest.mark.parametrize(
        ("name", "values", "taken"),
        [("bob", {"email": "ann@example.com"}, "email"), ("ann", {}, "email and username")],
        ids=["email", "both"],
    )
    async def test_taken_values_are_refused_before_hashing(
        self, users: UserService, passwords: FakePasswords, name: str, values: dict[str, Any], taken: str
    ) -> None:
        """Hashing is slow, so a repeated request for a taken name must be cheap."""
        await users.create(body())
        with pytest.raises(ConflictError, match=f"^{taken} already taken"):
            await users.create(body(name, password=PASSWORD, **values))
        assert 9 == passwords.places

    async def test_nobody_is_kept_when_passwords_are_busy(
        self, users: UserService, repository: FakeUserRepository, passwords: FakePasswords
    ) -> None:
        """Too many passwords at once are refused, so that the client tries again later."""
        passwords.places = 0
        with pytest.raises(BusyError):
            await users.create(body(password=PASSWORD))
        assert {} == repository.users


class TestChange:
    async def test_values_that_are_left_out_stay(self, users: UserService, repository: FakeUserRepository) -> None:
        """A null password removes the password, and an omitted one keeps it."""
        await users.create(body(password=PASSWORD))
        assert "ann@example.org" == (await users.update(1, UserPatch(email="ann@example.org"))).email
        assert PASSWORD[::-1] == repository.users[1].password_hash
        await users.update(1, UserPatch(password=None))
        assert repository.users[1].password_hash is None

    async def test_own_name_is_not_taken(self, users: UserService) -> None:
        """An update with a new password may repeat the user's own name."""
        await users.create(body())
        assert "ann" == (await users.update(1, UserPatch(username="ann", password=PASSWORD))).username


@pytest.mark.parametrize(
    "ask",
    [
        lambda users: users.get(7),
        lambda users: users.update(7, UserPatch(role="admin")),
        lambda users: users.update(7, UserPatch(password=PASSWORD)),
        lambda users: users.delete(7),
    ],
    ids=["get", "update", "password", "delete"],
)
async def test_unknown_user_is_not_found(users: UserService, ask: Callable[[UserService], Any]) -> None:
    """The error says what is missing."""
    with pytest.raises(NotFoundError, match="there is no user 7"):
        await ask(users)


async def test_deleted_user_is_gone(users: UserService) -> None:
    """A deleted user is not found any more."""
    await users.create(body())
    await users.delete(1)
    with pytest.raises(NotFoundError):
        await users.get(1)
