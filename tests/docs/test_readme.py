"""The code in the README does what the README says."""

import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter
from sqlalchemy.orm import Session

from app import dependencies
from app.accounts.model import Account
from app.main import create_app
from app.users import routes
from app.users.schemas import UserIn, UserOut, UserQuery
from app.users.service import UserService
from containers import ApplicationContainer, scope
from sessionscope.reading.schemas import Page
from sessionscope.testing.overrides import Override
from tests.docs.running import execute, python_of
from tests.guides.blocks import blocks_of
from tests.guides.following import Follower
from tests.new.running import ROOT, checked, serving

README = ROOT / "README.md"
_, APPLICATION, ENDPOINT, JOB, UNIT, TEST = python_of("README.md")


class FakeUsers(UserService):
    """A service that has a number of users, and shows none of them."""

    def __init__(self, total: int) -> None:
        self._total = total

    async def page(self, query: UserQuery) -> Page[UserOut]:
        """Return an empty page."""
        return Page(items=[], total=self._total, limit=query.limit, offset=query.offset)


def test_container_of_the_application_is_shown_in_excerpts() -> None:
    """A line of three dots stands for lines left out; `tests/test_readme.py` compares the one of the database."""
    assert APPLICATION.is_part_of((ROOT / "containers" / "application.py").read_text())


async def test_job_writes_what_the_endpoint_shows(container: ApplicationContainer) -> None:
    """Both take the same service from the container."""
    router = APIRouter(prefix="/people")
    data = UserIn(email="ann@example.com", username="ann")
    names = vars(dependencies) | vars(routes) | {"router": router, "container": container, "scope": scope, "data": data}
    await execute([ENDPOINT, JOB], names)
    app = create_app(container)
    app.include_router(router)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://readme") as client:
        assert "ann" == (await client.get("/people/1")).json()["username"]


async def test_unit_of_work_is_run(container: ApplicationContainer) -> None:
    """The function is called with a session, and its result comes back."""
    names: dict[str, Any] = {"Session": Session, "Account": Account, "container": container}
    async with scope():
        await execute([UNIT], names)
    assert names["account"] is None


async def test_test_passes(override: Override, async_client: httpx2.AsyncClient) -> None:
    """The example of a test is one."""
    names: dict[str, Any] = {"ApplicationContainer": ApplicationContainer, "FakeUsers": FakeUsers}
    await execute([TEST], names)
    await names["test_total_is_shown"](override, async_client)


@pytest.mark.isolation("none")
def test_requests_get_the_responses_that_are_shown(tmp_path: Path) -> None:
    """On a new database, in the order of the page."""
    [requests] = blocks_of(README, "Use it")
    url = f"sqlite:///{tmp_path}/app.db"
    checked(sys.executable, "-m", "app", "db", "upgrade", cwd=ROOT, APP_DATABASE__URL=url)
    command = (sys.executable, "-m", "app", "serve", "--port", "0")
    with serving(*command, cwd=ROOT, APP_DATABASE__URL=url) as client, Follower(ROOT, client) as follower:
        follower.follow([requests])


@pytest.mark.isolation("none")
def test_settings_are_shown() -> None:
    """With the source of each value, as the comment says."""
    [block] = blocks_of(README, "Settings")
    [command] = [command for command, _ in block.commands() if "config show" in command]
    assert "database.url" in checked("sh", "-c", command, cwd=ROOT)
