"""Swap one provider for a fake, and call the whole application: nothing is patched.

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
    """Stands in for the service of users; knows one user, and no database."""

    async def get(self, user_id: int) -> User:
        """Return the user whom everybody gets."""
        moment = datetime(2026, 1, 31, tzinfo=UTC)
        names = {"email": "fake@example.com", "username": "fake", "role": Role.USER, "is_active": True}
        return User(id=user_id, created_at=moment, updated_at=moment, **names)


def main() -> str:
    """Ask the application for a user of the fake; return the username."""
    container = ApplicationContainer(settings=Settings(database=DatabaseSettings(url="sqlite:///:memory:")))
    with TestClient(create_app(container)) as client, container.users.override(FakeUsers()):
        username: str = client.get("/users/7").json()["username"]
    return username


if __name__ == "__main__":
    print(main())  # noqa: T201 - what a person who runs it wants to see
