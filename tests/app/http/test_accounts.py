"""Accounts over HTTP."""

import httpx2
import pytest

from tests.app.http.making import made, make_accounts, make_user, problem_of

# These tests need real engines and pools, because they test transactions, concurrency and failures.
pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]

JSON = {"content-type": "application/json"}


class TestCreate:
    async def test_response_shows_what_was_stored(self, async_client: httpx2.AsyncClient) -> None:
        """The response contains the account and its location."""
        owner = await make_user(async_client)
        response = await async_client.post("/accounts/", json={"owner_id": owner["id"], "balance": "74.5"})
        account = response.json()
        assert (owner["id"], "74.50") == (account["owner_id"], account["balance"])
        assert account == (await async_client.get(response.headers["location"])).json()

    @pytest.mark.parametrize(
        ("written", "shown"),
        [
            ('"100"', "100.00"),
            ('"0.1"', "0.10"),
            ('"0.10"', "0.10"),
            ('"007.00"', "7.00"),
            ('"-0"', "0.00"),
            ("100", "100.00"),
            ('"9999999999999999.99"', "9999999999999999.99"),
        ],
    )
    async def test_money_is_exact_and_has_two_decimals(
        self, async_client: httpx2.AsyncClient, written: str, shown: str
    ) -> None:
        """Responses show every amount as a string with two decimals, however the client wrote it."""
        owner = await make_user(async_client)
        body = f'{{"owner_id": {owner["id"]}, "balance": {written}}}'
        response = await async_client.post("/accounts/", content=body, headers=JSON)
        assert shown == response.json()["balance"]
        assert shown == (await async_client.get(response.headers["location"])).json()["balance"]

    async def test_a_new_account_is_empty(self, async_client: httpx2.AsyncClient) -> None:
        """Without a balance in the request, the balance is zero."""
        owner = await make_user(async_client)
        assert "0.00" == (await made(async_client, "/accounts/", owner_id=owner["id"]))["balance"]

    @pytest.mark.parametrize(
        "written",
        [
            '"-0.01"',
            '"0.001"',
            '"10000000000000000.00"',
            '"1e3"',
            '"1_000"',
            '"1,5"',
            '" 5"',
            '"\u0665"',
            '"NaN"',
            '""',
            '"0x10"',
            "99999999999999.99",
            "NaN",
            "Infinity",
            "1e400",
            "-1",
            "true",
            "null",
            "[]",
            "{}",
            "1" * 400,
        ],
        ids=lambda written: ascii(written)[:24],
    )
    async def test_inexact_amounts_are_refused(self, async_client: httpx2.AsyncClient, written: str) -> None:
        """The service never rounds an amount silently."""
        await make_user(async_client)
        body = f'{{"owner_id": 1, "balance": {written}}}'.encode()
        problem = problem_of(await async_client.post("/accounts/", content=body, headers=JSON), 422)
        assert ["body.balance"] == [each["field"] for each in problem["errors"]]
        assert 0 == (await async_client.get("/accounts/")).json()["total"]

    async def test_an_owner_must_exist(self, async_client: httpx2.AsyncClient) -> None:
        """An account whose owner doesn't exist is a conflict."""
        response = await async_client.post("/accounts/", json={"owner_id": 99})
        assert "there is no user 99 to own the account" == problem_of(response, 409)["detail"]


class TestRead:
    async def test_the_list_is_filtered_by_owner(self, async_client: httpx2.AsyncClient) -> None:
        """An owner's accounts come in the order of their ids."""
        ids = await make_accounts(async_client, "1.00", "2.00", "3.00")
        bob = await make_user(async_client, "bob")
        await made(async_client, "/accounts/", owner_id=bob["id"])
        page = (await async_client.get("/accounts/?owner_id=1&limit=2&offset=1")).json()
        assert (ids[1:], 3) == ([account["id"] for account in page["items"]], page["total"])

    async def test_an_unknown_account_is_not_found(self, async_client: httpx2.AsyncClient) -> None:
        """The detail says what is missing."""
        assert "there is no account 99" == problem_of(await async_client.get("/accounts/99"), 404)["detail"]
