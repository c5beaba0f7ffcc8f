"""The last error of a unit of work tells the client whether the work may have been done."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from sessionscope import close_container, scope
from sessionscope.database.errors import CommitOutcomeUnknownError
from sessionscope.settings import DatabaseSettings
from sessionscope.transactions import retry
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.settings import Settings

pytestmark = pytest.mark.isolation("none")

UNKNOWN, UNREACHABLE, DEADLOCK, DENIED = "08007", "08001", "40P01", "28000"


@pytest.fixture
async def container() -> AsyncIterator[ApplicationContainer]:
    """Give a container with a database of its own."""
    container = ApplicationContainer(settings=Settings(database=DatabaseSettings(url="sqlite:///:memory:")))
    yield container
    await close_container(container)


def failing(*codes: str) -> Callable[[AsyncSession], Any]:
    """Return a unit of work that fails with one SQLSTATE after the other, and always with the last."""
    left = list(codes)

    async def work(_: AsyncSession) -> None:
        cause: Any = Exception("fails")
        cause.sqlstate = left.pop(0) if len(left) > 1 else left[0]
        raise DBAPIError("COMMIT", {}, cause)

    return work


@pytest.mark.parametrize("then", [UNREACHABLE, DEADLOCK, DENIED])
async def test_lost_commit_stays_unknown_after_later_failures(
    then: str, container: ApplicationContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the later runs fail, the outcome is unknown, and the client must not be told that nothing was done."""
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.0001)
    container.database.retry_policy().patience_seconds = 0.05
    container.database.retry_policy().attempts = 3
    async with scope():
        with pytest.raises(CommitOutcomeUnknownError) as raised:
            await container.database.async_transactions().run(failing(UNKNOWN, then), idempotent=True)
    assert raised.value.idempotent


@pytest.mark.parametrize("idempotent", [True, False])
async def test_unknown_outcome_tells_whether_the_work_may_be_repeated(
    container: ApplicationContainer, monkeypatch: pytest.MonkeyPatch, *, idempotent: bool
) -> None:
    """Only a client of idempotent work can find the outcome out by sending the same request again."""
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.0001)
    container.database.retry_policy().patience_seconds = 0.05
    async with scope():
        with pytest.raises(CommitOutcomeUnknownError) as raised:
            await container.database.async_transactions().run(failing(UNKNOWN), idempotent=idempotent)
    assert idempotent == raised.value.idempotent


async def test_failure_without_a_lost_commit_is_raised_as_it_is(container: ApplicationContainer) -> None:
    """Without a lost COMMIT, nothing was done, and the database's own error is raised."""
    container.database.retry_policy().attempts = 1
    async with scope():
        with pytest.raises(DBAPIError):
            await container.database.async_transactions().run(failing(DEADLOCK), idempotent=True)
