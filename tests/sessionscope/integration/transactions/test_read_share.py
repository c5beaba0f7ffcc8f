"""Units of work that wait for one row leave connections to reads, on every server."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from sqlalchemy import Connection, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from sessionscope import close_container, scope
from sessionscope.settings import DatabaseSettings
from sessionscope.transactions.options import TransactionOptions
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import User
from tests.sessionscope.service.settings import Settings

pytestmark = [pytest.mark.every_database(but=["sqlite"]), pytest.mark.isolation("none")]

SIZE, OVERFLOW = 3, 2
UNITS: Final = 3 * (SIZE + OVERFLOW)
# Much longer than a read takes that finds a connection.
PATIENCE_SECONDS: Final = 1.0

Make = Callable[[float], ApplicationContainer]
RENAME: Final = update(User).values(username=User.username)


@pytest.fixture
async def make(database_url: str) -> AsyncGenerator[Make, None]:
    """Yield a function that makes a container whose pool leaves this share to reads."""
    made: list[ApplicationContainer] = []

    def make(share: float) -> ApplicationContainer:
        values = DatabaseSettings(url=database_url, pool_size=SIZE, max_overflow=OVERFLOW, read_share=share)
        made.append(ApplicationContainer(settings=Settings(database=values)))
        return made[-1]

    yield make
    for container in made:
        await close_container(container)


async def rename(container: ApplicationContainer) -> None:
    """Change the row, as a plain function."""
    async with scope():
        await container.database.async_transactions().run_sync(rename_in)


def rename_in(session: Session) -> None:
    """Change the row."""
    session.execute(RENAME)


async def rename_async(container: ApplicationContainer) -> None:
    """Change the row, as an async function."""

    async def work(session: AsyncSession) -> None:
        await session.execute(RENAME)

    async with scope():
        await container.database.async_transactions().run(work)


async def read(container: ApplicationContainer) -> Any:
    """Return the name in the row."""

    def name(connection: Connection) -> Any:
        return connection.scalar(select(User.username))

    async with scope(), asyncio.timeout(PATIENCE_SECONDS):
        return await container.database.async_reads().read(name)


async def read_in_unit(container: ApplicationContainer) -> Any:
    """Return the name in the row, in a unit that only reads."""

    def name(session: Session) -> Any:
        return session.scalar(select(User.username))

    async with scope(), asyncio.timeout(PATIENCE_SECONDS):
        return await container.database.async_transactions().run_sync(name, TransactionOptions(read_only=True))


@asynccontextmanager
async def hot_row(
    container: ApplicationContainer, unit: Callable[[ApplicationContainer], Any]
) -> AsyncGenerator[None, None]:
    """Yield while many units wait for one row, which is locked from outside; all of them are done afterwards."""
    async with container.database.async_session_factory()() as session, session.begin():
        session.add(User(email="ann@example.com", username="ann"))
    engine: Any = container.database.engine()
    with engine.begin() as locking:
        locking.execute(RENAME)
        units = [asyncio.ensure_future(unit(container)) for _ in range(UNITS)]
        await asyncio.sleep(0.5)
        try:
            yield
        finally:
            await asyncio.to_thread(locking.rollback)
            await asyncio.gather(*units)


@pytest.mark.parametrize("unit", [rename, rename_async])
@pytest.mark.parametrize("reader", [read, read_in_unit])
async def test_hot_row_leaves_connections_to_reads(
    make: Make, unit: Callable[..., Any], reader: Callable[..., Any]
) -> None:
    """However many units wait for a locked row, reads are served. The units run one after the other later."""
    container = make(0.2)
    async with hot_row(container, unit):
        pool: Any = container.database.async_engine().pool
        assert SIZE + OVERFLOW - 1 == pool.checkedout()
        assert await reader(container) == "ann"
    assert UNITS == container.database.retry_policy().counts.committed - (reader is read_in_unit)


async def test_no_share_is_left_if_the_settings_say_so(make: Make) -> None:
    """Units may then take all connections."""
    container = make(0)
    async with hot_row(container, rename):
        with pytest.raises(TimeoutError):
            await read(container)


async def test_unit_gives_its_place_back_when_it_fails(make: Make) -> None:
    """A place that was lost would be missing for ever."""
    container = make(0.2)

    def fail(_: Session) -> None:
        raise KeyError("fails")

    async with scope():
        for _ in range(UNITS):
            with pytest.raises(KeyError):
                await container.database.async_transactions().run_sync(fail)
    async with asyncio.timeout(10):
        async with hot_row(container, rename):
            pass
