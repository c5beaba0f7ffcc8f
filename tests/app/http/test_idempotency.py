"""POST /transfers/ with an Idempotency-Key, which a client may send again."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.util import await_only

from app.models import IdempotencyKey, Transfer
from app.transfers.schemas import TransferIn, TransferOut
from containers import ApplicationContainer, scope
from sessionscope.testing.failing import lost_commit
from sessionscope.transactions.idempotency import IdempotentTransactions
from sessionscope.transactions.unit_of_work import AsyncTransactions
from tests.app.http.making import balances, make_accounts, problem_of

# These tests need real engines and pools, because they test transactions, concurrency and failures.
pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]

Send = Callable[..., Any]


@pytest.fixture(name="accounts")
async def _accounts(async_client: httpx2.AsyncClient) -> list[int]:
    """Give the ids of two accounts; the first holds 100.00."""
    return await make_accounts(async_client, "100.00", "0.00")


@pytest.fixture(name="send")
def _send(async_client: httpx2.AsyncClient, accounts: list[int]) -> Send:
    """Give a function that sends a transfer from the first account to the second."""

    async def send(amount: str = "40.00", key: str = "k-1", **values: Any) -> httpx2.Response:
        body = {"from_account": accounts[0], "to_account": accounts[1], "amount": amount} | values
        return await async_client.post("/transfers/", json=body, headers={"Idempotency-Key": key})

    return send


class TestSameRequest:
    async def test_repeated_request_gets_the_first_response(self, send: Send, async_client: httpx2.AsyncClient) -> None:
        """The status, the body and the location are the same, and the money moves once."""
        first, second = await send(), await send()
        assert (201, 201) == (first.status_code, second.status_code)
        assert (first.json(), first.headers["location"]) == (second.json(), second.headers["location"])
        assert ["60.00", "40.00"] == await balances(async_client)

    async def test_how_the_amount_is_written_does_not_matter(
        self, send: Send, async_client: httpx2.AsyncClient
    ) -> None:
        """40, 40.0 and 40.00 are the same request."""
        responses = [await send(amount) for amount in ("40", "40.0", "40.00")]
        assert [201] * 3 == [response.status_code for response in responses]
        assert ["60.00", "40.00"] == await balances(async_client)

    async def test_repeated_request_gets_the_same_refusal(self, send: Send, async_client: httpx2.AsyncClient) -> None:
        """A request that was refused for lack of money stays refused when there is enough money."""
        refused = await send("100.01")
        await make_accounts_richer(async_client)
        again = await send("100.01")
        assert problem_of(refused, 409)["detail"] == problem_of(again, 409)["detail"]

    async def test_repeated_request_misses_the_same_account(self, send: Send) -> None:
        """Every refusal that comes after a look into the database is stored as the answer."""
        first, second = await send(to_account=99), await send(to_account=99)
        assert problem_of(first, 404) == problem_of(second, 404)

    async def test_requests_without_a_key_are_two_transfers(
        self, async_client: httpx2.AsyncClient, accounts: list[int]
    ) -> None:
        """Two equal requests without keys are two transfers."""
        body = {"from_account": accounts[0], "to_account": accounts[1], "amount": "40.00"}
        for _ in range(2):
            assert 201 == (await async_client.post("/transfers/", json=body)).status_code
        assert ["20.00", "80.00"] == await balances(async_client)


class TestOtherRequest:
    async def test_other_request_with_the_same_key_is_refused(
        self, send: Send, async_client: httpx2.AsyncClient
    ) -> None:
        """Using the same key for another amount is a mistake of the client."""
        await send("40.00")
        problem = problem_of(await send("41.00"), 422)
        assert ["header.idempotency-key"] == [each["field"] for each in problem["errors"]]
        assert ["60.00", "40.00"] == await balances(async_client)

    async def test_two_keys_are_refused(self, async_client: httpx2.AsyncClient, accounts: list[int]) -> None:
        """Otherwise, the request could be done again under the other key. Two equal headers are allowed."""
        body = {"from_account": accounts[0], "to_account": accounts[1], "amount": "40.00"}
        for keys in (("k-1", "k-2"), ("k-2", "k-1")):
            headers = [("Idempotency-Key", key) for key in keys]
            problem = problem_of(await async_client.post("/transfers/", json=body, headers=headers), 400)
            assert "/problems/ambiguous-request" == problem["type"]
        assert ["100.00", "0.00"] == await balances(async_client)
        headers = [("Idempotency-Key", "k-1"), ("Idempotency-Key", "k-1")]
        assert 201 == (await async_client.post("/transfers/", json=body, headers=headers)).status_code

    async def test_keys_that_differ_in_case_differ(self, send: Send, async_client: httpx2.AsyncClient) -> None:
        """No database treats two different keys as the same."""
        responses = [await send("10.00", key) for key in ("key", "KEY")]
        assert responses[0].json()["id"] != responses[1].json()["id"]
        assert ["80.00", "20.00"] == await balances(async_client)

    @pytest.mark.parametrize("key", ["", "x" * 256, "two words", "\x7f"], ids=["empty", "long", "space", "control"])
    async def test_a_bad_key_is_named(self, send: Send, key: str) -> None:
        """A key is up to 255 visible ASCII characters."""
        problem = problem_of(await send("40.00", key), 422)
        assert ["header.idempotency-key"] == [each["field"] for each in problem["errors"]]


class TestAtTheSameTime:
    async def test_concurrent_requests_with_one_key_are_done_once(
        self, send: Send, async_client: httpx2.AsyncClient
    ) -> None:
        """One of many requests moves the money. The others get its response, or are told to try again."""
        responses = await asyncio.gather(*(send() for _ in range(10)))
        assert {response.status_code for response in responses} <= {201, 409}
        assert 1 == len({response.json()["id"] for response in responses if response.status_code == 201})
        assert ["60.00", "40.00"] == await balances(async_client)
        assert 201 == (await send()).status_code

    # SQLite's writers wait for each other.
    @pytest.mark.every_database(but=["sqlite"])
    async def test_one_in_flight_is_a_conflict(
        self, container: ApplicationContainer, send: Send, accounts: list[int]
    ) -> None:
        """The second request doesn't wait for the first one to finish."""
        working, may_end = asyncio.Event(), asyncio.Event()

        class Slow(AsyncTransactions):
            async def run_sync(self, work: Any, *arguments: Any, **options: Any) -> Any:
                def slow(session: Session) -> Any:
                    result = work(session)
                    working.set()
                    await_only(may_end.wait())
                    return result

                return await super().run_sync(slow, *arguments, **options)

        async def first() -> TransferOut:
            data = TransferIn(from_account=accounts[0], to_account=accounts[1], amount=Decimal("40.00"))
            async with scope():
                database = container.database
                slow = Slow(database.async_session, database.retry_policy())
                with container.idempotent_transactions.override(IdempotentTransactions(slow, IdempotencyKey)):
                    service = container.transfers()
                return await service.create(data, "k-1")

        async with asyncio.timeout(10):
            task = asyncio.ensure_future(first())
            await working.wait()
            assert "repeat it in a moment" in problem_of(await send(), 409)["detail"]
            may_end.set()
            transfer = await task
        assert transfer.id == (await send()).json()["id"]


class TestLostResponse:
    async def test_commit_whose_response_is_lost_is_not_done_twice(
        self, container: ApplicationContainer, send: Send, async_client: httpx2.AsyncClient
    ) -> None:
        """The service runs the unit again by itself, finds the stored answer, and returns it."""
        with lost_commit(container.database.engine(), container.database.async_engine()):
            response = await send()
        assert 201 == response.status_code
        assert ["60.00", "40.00"] == await balances(async_client)
        async with container.database.async_session_factory()() as session:
            for table in (Transfer, IdempotencyKey):
                assert 1 == await session.scalar(select(func.count()).select_from(table))

    async def test_lost_commit_without_a_key_is_reported(
        self, container: ApplicationContainer, async_client: httpx2.AsyncClient, accounts: list[int]
    ) -> None:
        """Without a key, the outcome is unknown, and the response says so."""
        body = {"from_account": accounts[0], "to_account": accounts[1], "amount": "40.00"}
        with lost_commit(container.database.engine(), container.database.async_engine()):
            response = await async_client.post("/transfers/", json=body)
        assert "check whether it was done" in problem_of(response, 500)["detail"]
        assert "retry-after" not in response.headers
        assert ["60.00", "40.00"] == await balances(async_client)

    async def test_lost_commit_with_a_key_may_be_repeated(
        self, container: ApplicationContainer, send: Send, async_client: httpx2.AsyncClient
    ) -> None:
        """If the service can't find the outcome out in time, it asks the client to; the same key gets the response."""
        policy = container.database.retry_policy()
        policy.patience_seconds, patience = 0, policy.patience_seconds
        with lost_commit(container.database.engine(), container.database.async_engine()):
            response = await send()
        policy.patience_seconds = patience
        assert "/problems/unconfirmed" == problem_of(response, 503)["type"]
        assert 1 <= int(response.headers["retry-after"]) <= 3
        assert 201 == (await send()).status_code
        assert ["60.00", "40.00"] == await balances(async_client)


async def make_accounts_richer(client: httpx2.AsyncClient) -> None:
    """Move money from a third account to the first."""
    owner = (await client.get("/accounts/1")).json()["owner_id"]
    rich = (await client.post("/accounts/", json={"owner_id": owner, "balance": "50.00"})).json()["id"]
    body = {"from_account": rich, "to_account": 1, "amount": "50.00"}
    assert 201 == (await client.post("/transfers/", json=body)).status_code
