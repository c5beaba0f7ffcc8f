import pytest
from httpx2 import AsyncClient

pytestmark = pytest.mark.anyio

PEN = {"sku": "pen", "name": "Blue pen", "price": 150, "stock": 5}
INK = {"sku": "ink", "name": "Blue ink", "price": 900, "stock": 1}


async def test_create_product(client: AsyncClient) -> None:
    response = await client.post("/products/", json=PEN)
    assert response.status_code == 201
    assert response.json() == PEN


async def test_get_product(client: AsyncClient) -> None:
    await client.post("/products/", json=PEN)
    response = await client.get("/products/pen")
    assert response.status_code == 200
    assert response.json() == PEN


async def test_get_unknown_product(client: AsyncClient) -> None:
    response = await client.get("/products/pen")
    assert response.status_code == 404


async def test_search_products(client: AsyncClient) -> None:
    await client.post("/products/", json=PEN)
    await client.post("/products/", json=INK)
    assert len((await client.get("/products/")).json()) == 2
    assert (await client.get("/products/?q=ink")).json() == [INK]


@pytest.mark.parametrize("change", [{"price": -1}, {"stock": -1}, {"sku": "p" * 21}])
async def test_invalid_product(client: AsyncClient, change: dict[str, object]) -> None:
    response = await client.post("/products/", json=PEN | change)
    assert response.status_code == 422
