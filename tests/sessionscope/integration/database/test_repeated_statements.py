"""Engines tell which statements they send, so a loop in a request is found without any change to the service."""

from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from sessionscope.database.repeated_statements import MANY, repeated_statements
from sessionscope.fastapi.sessions import AsyncSessionDep, SessionDep
from tests.sessionscope.service.models import User

pytestmark = pytest.mark.isolation("database")


def names(session: SessionDep) -> None:
    """Load row by row, in a thread of the server."""
    for number in range(MANY):
        session.scalar(select(User.username).where(User.id == number))


async def async_names(session: AsyncSessionDep) -> None:
    """Load row by row."""
    for number in range(MANY + 1):
        await session.scalar(select(User.username).where(User.id == number))


@pytest.mark.parametrize(("endpoint", "most"), [(names, MANY), (async_names, MANY + 1)])
async def test_a_loop_in_a_request_is_found(
    app: FastAPI, async_client: httpx2.AsyncClient, endpoint: Any, most: int
) -> None:
    """It is named by its route and by the line in the loop."""
    repeated_statements.watch()
    path = f"/{endpoint.__name__}/{{page}}"
    app.get(path)(endpoint)
    for page in ("1", "2"):
        assert 200 == (await async_client.get(path.replace("{page}", page))).status_code
    (found,) = [each for each in repeated_statements.latest() if each.place.task == f"GET {path}"]
    assert found.place.statement.startswith("SELECT users.username")
    assert found.place.line.endswith(f"in {endpoint.__name__}")
    assert (most, 2) == (found.most, found.tasks)
