from collections.abc import AsyncIterator

import pytest
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import StaticPool

from app import warehouse
from app.catalogue import Catalogue
from app.db import Base, get_async_db
from app.dependencies import get_catalogue
from app.main import app


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def session_factory() -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield async_sessionmaker(engine, expire_on_commit=False)
    await engine.dispose()


@pytest.fixture
async def client(session_factory: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncClient]:
    async def get_test_db() -> AsyncIterator[AsyncSession]:
        async with session_factory.begin() as session:
            yield session

    async def get_test_catalogue() -> AsyncIterator[Catalogue]:
        async with session_factory() as session:
            yield Catalogue(session)

    app.dependency_overrides[get_async_db] = get_test_db
    app.dependency_overrides[get_catalogue] = get_test_catalogue
    async with AsyncClient(transport=ASGITransport(app), base_url="http://shop") as client:
        yield client
    app.dependency_overrides.clear()


@pytest.fixture
def notified(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    orders: list[int] = []

    async def notify(order_id: int) -> None:
        orders.append(order_id)

    monkeypatch.setattr(warehouse, "notify", notify)
    return orders
