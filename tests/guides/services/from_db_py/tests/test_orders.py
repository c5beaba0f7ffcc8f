import pytest
from httpx2 import AsyncClient, Response
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.models import OrderLine

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("notified")]

PEN = {"sku": "pen", "name": "Blue pen", "price": 150, "stock": 5}


async def order(client: AsyncClient, quantity: int) -> Response:
    body = {"email": "ann@example.com", "lines": [{"sku": "pen", "quantity": quantity}]}
    return await client.post("/orders/", json=body)


async def test_create_order(client: AsyncClient, notified: list[int]) -> None:
    await client.post("/products/", json=PEN)
    response = await order(client, 2)
    assert response.status_code == 201
    assert response.json()["total"] == 300
    assert notified == [response.json()["id"]]


async def test_order_takes_from_stock(client: AsyncClient) -> None:
    await client.post("/products/", json=PEN)
    await order(client, 2)
    assert (await client.get("/products/pen")).json()["stock"] == 3


async def test_sold_out(client: AsyncClient, notified: list[int]) -> None:
    await client.post("/products/", json=PEN)
    response = await order(client, 6)
    assert response.status_code == 409
    assert response.json() == {"sold_out": "pen"}
    assert notified == []


async def test_get_order(client: AsyncClient) -> None:
    await client.post("/products/", json=PEN)
    created = (await order(client, 1)).json()
    assert (await client.get(f"/orders/{created['id']}")).json() == created
    assert (await client.get("/orders/", params={"email": "ann@example.com"})).json() == [created]
    assert (await client.get("/orders/", params={"email": "bob@example.com"})).json() == []


async def test_cancel_order(client: AsyncClient, session_factory: async_sessionmaker[AsyncSession]) -> None:
    await client.post("/products/", json=PEN)
    created = (await order(client, 2)).json()
    assert (await client.delete(f"/orders/{created['id']}")).status_code == 204
    assert (await client.get("/products/pen")).json()["stock"] == 5
    async with session_factory() as session:
        assert await session.scalar(select(func.count()).select_from(OrderLine)) == 0


async def test_unknown_order(client: AsyncClient) -> None:
    assert (await client.get("/orders/7")).status_code == 404
    assert (await client.delete("/orders/7")).status_code == 404
