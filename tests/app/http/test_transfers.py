"""Transfers over HTTP, which are made completely or not at all."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx2
import pytest

from app.models import Transfer
from containers import ApplicationContainer
from sessionscope.database import drop_table
from sessionscope.testing.serving import Server
from tests.app.http.making import balances, made, make_accounts, problem_of

# These tests need real engines and pools, because they test transactions, concurrency and failures.
pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]

JSON = {"content-type": "application/json"}


async def transfers(client: httpx2.AsyncClient) -> int:
    """Return the number of recorded transfers."""
    total: int = (await client.get("/transfers/")).json()["total"]
    return total


class TestSuccess:
    async def test_money_moves(self, async_client: httpx2.AsyncClient) -> None:
        """One account loses what the other gains, and the transfer is recorded."""
        payer, payee = await make_accounts(async_client, "100.00", "0.00")
        body = {"from_account": payer, "to_account": payee, "amount": "25.5"}
        response = await async_client.post("/transfers/", json=body)
        assert 201 == response.status_code
        transfer = response.json()
        assert body | {"amount": "25.50"} == {name: transfer[name] for name in body}
        assert ["74.50", "25.50"] == await balances(async_client)
        assert transfer == (await async_client.get(response.headers["location"])).json()

    async def test_everything_can_be_moved(self, async_client: httpx2.AsyncClient) -> None:
        """A balance may become zero, but not less."""
        payer, payee = await make_accounts(async_client, "0.10", "0.20")
        await made(async_client, "/transfers/", from_account=payer, to_account=payee, amount="0.10")
        assert ["0.00", "0.30"] == await balances(async_client)

    async def test_the_list_has_both_sides(self, async_client: httpx2.AsyncClient) -> None:
        """A transfer is in the list of the payer and of the payee."""
        ids = await make_accounts(async_client, "9.00", "9.00", "9.00")
        for payer, payee in ((0, 1), (1, 2), (2, 0)):
            await made(async_client, "/transfers/", from_account=ids[payer], to_account=ids[payee], amount="1.00")
        page = (await async_client.get(f"/transfers/?account_id={ids[1]}")).json()
        assert ([1, 2], 2) == ([transfer["id"] for transfer in page["items"]], page["total"])

    async def test_an_unknown_transfer_is_not_found(self, async_client: httpx2.AsyncClient) -> None:
        """The detail says what is missing."""
        assert "there is no transfer 99" == problem_of(await async_client.get("/transfers/99"), 404)["detail"]


class TestRefusal:
    @pytest.mark.parametrize(
        ("payer", "payee", "amount", "status"),
        [
            ("1", "2", '"100.01"', 409),
            ("1", "1", '"1.00"', 422),
            ("1", "99", '"1.00"', 404),
            ("99", "1", '"1.00"', 404),
            ("0", "1", '"1.00"', 422),
            ("1", "2147483648", '"1.00"', 422),
            ("null", "1", '"1.00"', 422),
            ("1", "2", '"0"', 422),
            ("1", "2", '"0.00"', 422),
            ("1", "2", '"-0"', 422),
            ("1", "2", '"-1.00"', 422),
            ("1", "2", '"0.001"', 422),
            ("1", "2", '"1e1"', 422),
            ("1", "2", "25.5", 422),
            ("1", "2", "1e400", 422),
            ("1", "2", "NaN", 422),
            ("1", "2", '"NaN"', 422),
            ("1", "2", '"sNaN"', 422),
            ("1", "2", "-Infinity", 422),
            ("1", "2", '"99999999999999999.00"', 422),
            ("1", "2", "1" * 300, 422),
            ("1", "2", "null", 422),
            ("1", "2", "true", 422),
        ],
        ids=lambda value: str(value)[:22],
    )
    async def test_refused_transfer_changes_nothing(
        self, async_client: httpx2.AsyncClient, payer: str, payee: str, amount: str, status: int
    ) -> None:
        """A refused transfer leaves both balances and the list of transfers as they were."""
        await make_accounts(async_client, "100.00", "5.00")
        body = f'{{"from_account": {payer}, "to_account": {payee}, "amount": {amount}}}'
        problem_of(await async_client.post("/transfers/", content=body, headers=JSON), status)
        assert ["100.00", "5.00"] == await balances(async_client)
        assert 0 == await transfers(async_client)

    async def test_a_full_account_takes_no_more(self, async_client: httpx2.AsyncClient) -> None:
        """A balance that the column can't hold is a conflict, not a database error."""
        ids = await make_accounts(async_client, "1.00", "9999999999999999.99")
        body = {"from_account": ids[0], "to_account": ids[1], "amount": "0.01"}
        problem_of(await async_client.post("/transfers/", json=body), 409)
        assert ["1.00", "9999999999999999.99"] == await balances(async_client)

    async def test_a_failure_in_the_middle_undoes_all(
        self, async_client: httpx2.AsyncClient, container: ApplicationContainer
    ) -> None:
        """If the transfer can't be recorded, no money moves."""
        ids = await make_accounts(async_client, "100.00", "0.00")
        drop_table(container.database.engine(), Transfer)
        body = {"from_account": ids[0], "to_account": ids[1], "amount": "1.00"}
        response = await async_client.post("/transfers/", json=body)
        problem_of(response, 500)
        assert ["100.00", "0.00"] == await balances(async_client)


class TestConcurrency:
    async def test_the_sum_stays(self, async_client: httpx2.AsyncClient) -> None:
        """Concurrent transfers between many accounts each succeed or are refused, and no cent is lost."""
        ids = await make_accounts(async_client, "10.00", "10.00", "10.00")
        bodies = [
            {"from_account": ids[turn % 3], "to_account": ids[(turn + 1 + turn // 3 % 2) % 3], "amount": "3.33"}
            for turn in range(40)
        ]
        responses = await asyncio.gather(*(async_client.post("/transfers/", json=body) for body in bodies))
        assert {201, 409} >= {response.status_code for response in responses}
        held = [Decimal(balance) for balance in await balances(async_client)]
        assert Decimal("30.00") == sum(held)
        assert min(held) >= 0
        assert sum(response.status_code == 201 for response in responses) == await transfers(async_client)

    async def test_no_money_is_spent_twice(self, async_client: httpx2.AsyncClient) -> None:
        """If twenty transfers would each empty the account, one succeeds."""
        ids = await make_accounts(async_client, "1.00", "0.00")
        body = {"from_account": ids[0], "to_account": ids[1], "amount": "1.00"}
        responses = await asyncio.gather(*(async_client.post("/transfers/", json=body) for _ in range(20)))
        assert [201] + [409] * 19 == sorted(response.status_code for response in responses)
        assert ["0.00", "1.00"] == await balances(async_client)

    def test_the_sum_stays_over_real_connections(self, server: Server) -> None:
        """The same holds over sockets, with eight clients in a thread each."""
        with httpx2.Client(base_url=server.url, timeout=30) as client:
            client.post("/users/", json={"email": "ann@example.com", "username": "ann"}).raise_for_status()
            for _ in range(2):
                client.post("/accounts/", json={"owner_id": 1, "balance": "5.00"}).raise_for_status()

            def transfer(turn: int) -> int:
                body = {"from_account": 1 + turn % 2, "to_account": 2 - turn % 2, "amount": "1.00"}
                return client.post("/transfers/", json=body).status_code

            with ThreadPoolExecutor(8) as pool:
                statuses = list(pool.map(transfer, range(48)))
            held = [Decimal(account["balance"]) for account in client.get("/accounts/").json()["items"]]
        assert {201, 409} >= set(statuses)
        assert Decimal("10.00") == sum(held)
