"""SQLAlchemy's AUTOCOMMIT works on every database, although our event listeners begin the transactions."""

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import User

pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]

INSERT = insert(User).values(email="ann@example.com", username="ann")


def test_a_statement_stays_without_a_commit(container: ApplicationContainer) -> None:
    """No transaction is begun, so closing the connection undoes nothing."""
    engine = container.database.engine()
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(INSERT)
    with engine.connect() as connection:
        assert ["ann"] == list(connection.scalars(select(User.username)))


async def test_async_engines_do_the_same(container: ApplicationContainer) -> None:
    """The listener is on the sync engine inside the async one."""
    engine: AsyncEngine = container.database.async_engine()
    async with engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(INSERT)
    async with engine.connect() as connection:
        assert ["ann"] == list(await connection.scalars(select(User.username)))
