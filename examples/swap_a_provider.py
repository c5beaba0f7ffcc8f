"""Override a provider with a fake, and call the whole application. Nothing is patched.

Run it with ``python -m examples.swap_a_provider``.
"""

# The container library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false

from datetime import UTC, datetime

from fastapi.testclient import TestClient

from app.main import create_app
from app.models import Role, User
from config import DatabaseSettings, Settings
from containers import ApplicationContainer


class FakeUsers:
    """A fake of the service for users, with one user and without a database."""

    async def get(self, user_id: int) -> User:
        """Return the same user for every id."""
        timestamp = datetime(2026, 1, 31, tzinfo=UTC)
        names = {"email": "fake@example.com", "username": "fake", "role": Role.USER, "is_active": True}
        return User(id=user_id, created_at=timestamp, updated_at=timestamp, **names)


def main() -> str:
    """Ask the application for a user, which comes from the fake; return the username."""
    container = ApplicationContainer(settings=Settings(database=DatabaseSettings(url="sqlite:///:memory:")))
    with TestClient(create_app(container)) as client, container.users.override(FakeUsers()):
        username: str = client.get("/users/7").json()["username"]
    return username


if __name__ == "__main__":
    print(main())  # noqa: T201 - what a person who runs it wants to see
