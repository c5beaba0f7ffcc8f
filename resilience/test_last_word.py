"""What a client may conclude from the last word about a unit of work."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from containers import ApplicationContainer, scope
from sessionscope.database.errors import CommitOutcomeUnknownError
from sessionscope.transactions import retry

UNKNOWN, UNREACHABLE, DEADLOCK, DENIED = "08007", "08001", "40P01", "28000"


def failing(*codes: str) -> Callable[[AsyncSession], Any]:
    """Return a unit of work that fails with one SQLSTATE after the other, and always with the last."""
    left = list(codes)

    async def work(_: AsyncSession) -> None:
        cause: Any = Exception("fails")
        cause.sqlstate = left.pop(0) if len(left) > 1 else left[0]
        raise DBAPIError("COMMIT", {}, cause)

    return work


@pytest.mark.parametrize("then", [UNREACHABLE, DEADLOCK, DENIED])
async def test_what_may_have_been_done_is_not_called_undone(
    then: str, container: ApplicationContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost COMMIT stays one, however the runs after it end: 503 would tell the client that nothing happened."""
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.0001)
    container.database.retry_policy().patience_seconds = 0.05
    container.database.retry_policy().attempts = 3
    async with scope():
        with pytest.raises(CommitOutcomeUnknownError):
            await container.database.async_transactions().run(failing(UNKNOWN, then), idempotent=True)


async def test_what_was_surely_undone_is_called_so(container: ApplicationContainer) -> None:
    """Without a lost COMMIT before, the database's own error is the last word."""
    container.database.retry_policy().attempts = 1
    async with scope():
        with pytest.raises(DBAPIError):
            await container.database.async_transactions().run(failing(DEADLOCK), idempotent=True)
