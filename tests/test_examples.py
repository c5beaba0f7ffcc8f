"""The examples work as they stand, in this process and behind a real server."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from config import DatabaseSettings, Settings
from containers import ApplicationContainer
from examples import plain_fastapi, swap_a_provider
from sessionscope.database import Base as ServiceBase
from sessionscope.testing.serving import serving

# The examples bring databases of their own.
pytestmark = pytest.mark.isolation("none")

ROOT = Path(plain_fastapi.__file__).parents[1]
CUSTOMERS = [("ann", "Bern", 500), ("bob", "Basel", 0), ("cleo", "Bern", 300), ("dan", "Chur", 200)]


@pytest.fixture
def shop(tmp_path: Path) -> FastAPI:
    """Give the shop, on a file."""
    settings = Settings(database=DatabaseSettings(url=f"sqlite:///{tmp_path}/shop.db"))
    return plain_fastapi.create_app(ApplicationContainer(settings=settings))


@pytest.fixture
async def client(shop: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client of the shop, with its lifespan around, and four customers."""
    transport = httpx2.ASGITransport(shop)
    async with plain_fastapi.lifespan(shop), httpx2.AsyncClient(transport=transport, base_url="http://shop") as client:
        for name, city, credit in CUSTOMERS:
            response = await client.post("/customers", json={"name": name, "city": city, "credit": credit})
            assert 201 == response.status_code
        yield client


async def credits_of(client: httpx2.AsyncClient) -> list[int]:
    """Return everybody's credit, by id."""
    return [(await client.get(f"/customers/{key}")).json()["credit"] for key in range(1, len(CUSTOMERS) + 1)]


class TestPlainFastapi:
    async def test_create_read_update_delete(self, client: httpx2.AsyncClient) -> None:
        """What one request commits, the next one reads."""
        body = {"name": "eve", "city": "Genf", "credit": 1}
        key = (await client.post("/customers", json=body)).json()["id"]
        assert {**body, "id": key} == (await client.get(f"/customers/{key}")).json()
        assert 200 == (await client.put(f"/customers/{key}", json=body | {"city": "Lugano"})).status_code
        assert "Lugano" == (await client.get(f"/customers/{key}")).json()["city"]
        assert 204 == (await client.delete(f"/customers/{key}")).status_code
        assert 404 == (await client.get(f"/customers/{key}")).status_code

    @pytest.mark.parametrize(
        ("query", "expected", "total"),
        [
            ("", "dan cleo bob ann", 4),
            ("limit=2&offset=1", "cleo bob", 4),
            ("city=Bern", "cleo ann", 2),
            ("city=Bern&search=an", "ann", 1),
            ("search=ann", "ann", 1),
            ("search=Ba", "bob", 1),
            ("search=an", "dan ann", 2),
        ],
    )
    async def test_filters_pages_counts_and_sorts(
        self, client: httpx2.AsyncClient, query: str, expected: str, total: int
    ) -> None:
        """The total is of all that fit, whatever the page."""
        page = (await client.get(f"/customers?{query}")).json()
        assert (expected.split(), total) == ([customer["name"] for customer in page["items"]], page["total"])

    async def test_distinct_and_groups(self, client: httpx2.AsyncClient) -> None:
        """Each city once; sums of those that have any."""
        assert ["Basel", "Bern", "Chur"] == (await client.get("/cities")).json()
        assert [("Bern", 2, 800), ("Chur", 1, 200)] == [
            tuple(row.values()) for row in (await client.get("/figures")).json()
        ]

    async def test_orders_come_with_their_customers(self, client: httpx2.AsyncClient) -> None:
        """The joined object is loaded, for nothing could load it later."""
        for key, item in ((1, "tea"), (1, "milk"), (2, "tea"), (3, "tea")):
            response = await client.post("/orders", json={"item": item, "customer_id": key})
            assert 201 == response.status_code
        orders = (await client.get("/orders?city=Bern&item=tea")).json()
        assert ["ann", "cleo"] == [order["customer"]["name"] for order in orders]
        assert 204 == (await client.delete("/customers/1")).status_code
        assert ["cleo"] == [
            order["customer"]["name"] for order in (await client.get("/orders?city=Bern&item=tea")).json()
        ]

    async def test_a_transfer_is_whole_or_not_at_all(self, client: httpx2.AsyncClient) -> None:
        """A refusal takes back what was already sent to the database."""

        async def transfer(**body: Any) -> int:
            return (await client.post("/transfers", json=body)).status_code

        assert 204 == await transfer(payer_id=1, payee_id=2, cents=200)
        assert [300, 200, 300, 200] == await credits_of(client)
        assert 409 == await transfer(payer_id=1, payee_id=2, cents=301)
        assert 404 == await transfer(payer_id=99, payee_id=2, cents=1)
        assert [300, 200, 300, 200] == await credits_of(client)

    async def test_many_transfers_at_once(self, client: httpx2.AsyncClient) -> None:
        """Concurrent requests have a session each: the sum stays."""
        bodies = [{"payer_id": 1 + turn % 4, "payee_id": 1 + (turn + 1) % 4, "cents": 70} for turn in range(40)]
        responses = await asyncio.gather(*(client.post("/transfers", json=body) for body in bodies))
        assert {204, 409} >= {response.status_code for response in responses}
        assert 1000 == sum(await credits_of(client))

    def test_plain_fastapi_runs_on_a_real_server(self, shop: FastAPI) -> None:
        """The lifespan makes the tables, the server answers, and every connection is closed at the end."""
        with serving(shop) as server, httpx2.Client(base_url=server.url) as client:
            client.post("/customers", json={"name": "ann", "city": "Bern"}).raise_for_status()
            assert ["Bern"] == client.get("/cities").json()
            client.post("/orders", json={"item": "tea", "customer_id": 1}).raise_for_status()
        assert shop.state.container.database.engine.built is None
        assert shop.state.container.database.async_engine.built is None

    def test_the_services_tables_are_left_alone(self) -> None:
        """An example's tables in the service's metadata would be in its next migration."""
        assert set() == set(plain_fastapi.Base.metadata.tables) & set(ServiceBase.metadata.tables)
        assert "customers" not in ServiceBase.metadata.tables


class TestSwapAProvider:
    def test_the_fake_answers(self) -> None:
        """The endpoint gets the fake, without a database."""
        assert "fake" == swap_a_provider.main()

    def test_swap_example_runs_as_a_program(self) -> None:
        """The command in its docstring works."""
        command = [sys.executable, "-m", "examples.swap_a_provider"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own
        assert ("fake\n", 0) == (done.stdout, done.returncode), done.stderr
