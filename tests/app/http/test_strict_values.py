"""A value of the wrong type or spelling is refused, and never converted."""

from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from tests.app.http.making import balances, make_accounts, make_post, make_user, problem_of

pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]

NOT_INTEGERS = [True, "1", 1.0, [1], None]
NOT_BOOLEANS = [0, 1, "true", "false", "on", 1.0]
# Each of these was once read as 1 or 10.
NOT_IDS = ["1_0", "+1", "%201", "1%20", "01", "1.0", "1e0", "0x1", "%EF%BC%91", "%D9%A1"]
NOT_DATE_TIMES = [
    "0.5",
    "0",
    "1767225600",
    "2026-01-31",
    "2026-01-31T12:00Z",
    "2026-01-31T12:00:00",
    "2026-01-31T12:00:00,5Z",
    "2026-01-31T12:00:00%2B0200",
    "2026-01-31%2012:00:00Z",
    "2026-02-30T12:00:00Z",
    "now",
]


def fields_of(response: httpx2.Response) -> list[str]:
    """Return the names of the values that the response refuses."""
    return [each["field"] for each in problem_of(response, 422)["errors"]]


class TestBody:
    @pytest.mark.parametrize("owner", NOT_INTEGERS, ids=repr)
    async def test_owner_id_must_be_a_json_integer(self, async_client: httpx2.AsyncClient, owner: Any) -> None:
        """The value true is not accepted as user 1."""
        assert 1 == (await make_user(async_client))["id"]
        response = await async_client.post("/accounts/", json={"owner_id": owner})
        assert ["body.owner_id"] == fields_of(response)
        assert [] == await balances(async_client)

    @pytest.mark.parametrize("side", ["from_account", "to_account"])
    @pytest.mark.parametrize("value", NOT_INTEGERS, ids=repr)
    async def test_accounts_of_a_transfer_must_be_json_integers(
        self, async_client: httpx2.AsyncClient, side: str, value: Any
    ) -> None:
        """A refused transfer moves no money."""
        accounts = await make_accounts(async_client, "10.00", "10.00")
        body = {"from_account": accounts[1], "to_account": accounts[1], "amount": "1.00"} | {side: value}
        assert [f"body.{side}"] == fields_of(await async_client.post("/transfers/", json=body))
        assert ["10.00", "10.00"] == await balances(async_client)

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    async def test_author_id_must_be_a_json_integer(self, async_client: httpx2.AsyncClient, method: str) -> None:
        """A post keeps its author."""
        await make_user(async_client)
        bob = await make_user(async_client, "bob")
        post = await make_post(async_client, bob["id"])
        body = {"title": "t", "content": "c", "author_id": True}
        assert ["body.author_id"] == fields_of(await async_client.request(method, f"/posts/{post['id']}", json=body))
        assert post == (await async_client.get(f"/posts/{post['id']}")).json()

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
    @pytest.mark.parametrize("value", NOT_BOOLEANS, ids=repr)
    async def test_is_active_must_be_a_json_boolean(
        self, async_client: httpx2.AsyncClient, method: str, value: Any
    ) -> None:
        """A number or a string neither activates nor deactivates a user."""
        user = await make_user(async_client)
        path = "/users/" if method == "POST" else f"/users/{user['id']}"
        body = {"email": "bob@example.com", "username": "bob", "is_active": value}
        assert ["body.is_active"] == fields_of(await async_client.request(method, path, json=body))
        assert [user] == (await async_client.get("/users/")).json()["items"]

    @pytest.mark.parametrize("value", [True, False], ids=repr)
    async def test_a_truth_value_is_not_an_amount(self, async_client: httpx2.AsyncClient, value: Any) -> None:
        """The value true is not accepted as 1.00."""
        user = await make_user(async_client)
        response = await async_client.post("/accounts/", json={"owner_id": user["id"], "balance": value})
        assert ["body.balance"] == fields_of(response)

    @pytest.mark.parametrize("value", ["Ann <ann@example.com>", "<ann@example.com>", " ann@example.com", "a@b.co "])
    async def test_an_email_address_comes_alone(self, async_client: httpx2.AsyncClient, value: str) -> None:
        """A name beside the address, brackets and spaces are refused, not silently dropped."""
        response = await async_client.post("/users/", json={"email": value, "username": "ann"})
        assert ["body.email"] == fields_of(response)
        assert "ann@example.com" in problem_of(response, 422)["errors"][0]["reason"]

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
    @pytest.mark.parametrize("name", [".", ".."])
    async def test_a_username_is_not_a_step_in_a_path(
        self, async_client: httpx2.AsyncClient, method: str, name: str
    ) -> None:
        """Browsers and proxies would resolve /people/.. to the parent folder."""
        user = await make_user(async_client)
        path = "/users/" if method == "POST" else f"/users/{user['id']}"
        response = await async_client.request(method, path, json={"email": "b@example.com", "username": name})
        assert ["body.username"] == fields_of(response)


class TestPath:
    @pytest.mark.parametrize("key", NOT_IDS)
    @pytest.mark.parametrize("path", ["/users/{}", "/posts/{}", "/accounts/{}", "/transfers/{}", "/users/{}/posts"])
    async def test_an_id_has_one_spelling(self, async_client: httpx2.AsyncClient, path: str, key: str) -> None:
        """Anything but plain digits is refused with a reason, whether or not the row exists."""
        problem = problem_of(await async_client.get(path.format(key)), 422)
        assert ["in digits" in each["reason"] for each in problem["errors"]] == [True]

    @pytest.mark.parametrize("key", NOT_IDS)
    async def test_another_spelling_deletes_nobody(self, async_client: httpx2.AsyncClient, key: str) -> None:
        """`DELETE /users/1_0` leaves user 10 alone."""
        for number in range(1, 11):
            await make_user(async_client, f"u{number}")
        assert ["path.user_id"] == fields_of(await async_client.delete(f"/users/{key}"))
        assert 10 == (await async_client.get("/users/")).json()["total"]


class TestQuery:
    @pytest.mark.parametrize("value", [*NOT_IDS, "-1", "1%0A"])
    @pytest.mark.parametrize(
        "query", ["accounts/?owner_id", "posts/?author_id", "transfers/?account_id", "users/?limit", "users/?offset"]
    )
    async def test_numbers_are_plain_digits(self, async_client: httpx2.AsyncClient, query: str, value: str) -> None:
        """The reason says how to write the value."""
        problem = problem_of(await async_client.get(f"/{query}={value}"), 422)
        assert [f"query.{query.partition('?')[2]}"] == [each["field"] for each in problem["errors"]]
        assert "in digits" in problem["errors"][0]["reason"]

    @pytest.mark.parametrize("value", ["1", "0", "yes", "on", "True", "FALSE", "t", ""])
    async def test_active_is_true_or_false(self, async_client: httpx2.AsyncClient, value: str) -> None:
        """Only true and false are accepted."""
        response = await async_client.get(f"/users/?active={value}")
        assert ["query.active"] == fields_of(response)
        assert "Write true or false" in problem_of(response, 422)["errors"][0]["reason"]

    @pytest.mark.parametrize("value", NOT_DATE_TIMES)
    @pytest.mark.parametrize("path", ["users", "posts"])
    async def test_a_date_time_is_one_of_rfc_3339(
        self, async_client: httpx2.AsyncClient, path: str, value: str
    ) -> None:
        """Numbers, dates alone and local times are refused."""
        assert ["query.created_after"] == fields_of(await async_client.get(f"/{path}/?created_after={value}"))

    async def test_the_reason_tells_of_the_plus_sign(self, async_client: httpx2.AsyncClient) -> None:
        """In a query, an unencoded + means a space, which is a common mistake."""
        problem = problem_of(await async_client.get("/users/?created_after=2026-01-31T12:00:00+02:00"), 422)
        assert "%2B" in problem["errors"][0]["reason"]

    @pytest.mark.parametrize("value", ["2020-01-01T00:00:00.123456789Z", "2020-01-01t00:00:00z"])
    async def test_every_form_of_rfc_3339_is_taken(self, async_client: httpx2.AsyncClient, value: str) -> None:
        """Fractions of any length and lowercase letters are accepted."""
        assert 200 == (await async_client.get(f"/users/?created_after={value}")).status_code


class TestDocument:
    def test_document_has_the_same_bounds(self, app: FastAPI) -> None:
        """Ids have their range and their pattern, in paths and in queries."""
        paths = app.openapi()["paths"]
        in_path = paths["/users/{user_id}"]["get"]["parameters"][0]["schema"]
        in_query = next(each for each in paths["/accounts/"]["get"]["parameters"] if each["name"] == "owner_id")
        for schema in (in_path, in_query["schema"]["anyOf"][0]):
            assert ("integer", 1, 2**31 - 1) == (schema["type"], schema["minimum"], schema["maximum"])
            assert "^[1-9][0-9]*$" == schema["pattern"]

    def test_pages_have_the_same_bounds(self, app: FastAPI) -> None:
        """The document tells clients the largest limit."""
        given = {each["name"]: each["schema"] for each in app.openapi()["paths"]["/users/"]["get"]["parameters"]}
        bounds = [(given[name]["minimum"], given[name]["maximum"]) for name in ("limit", "offset")]
        assert [(1, 500), (0, 10**9)] == bounds

    @pytest.mark.parametrize("name", ["UserPut", "UserPatch", "PostPatch"])
    def test_null_is_only_where_it_is_taken(self, app: FastAPI, name: str) -> None:
        """Null removes a password. No other field takes it."""
        fields = app.openapi()["components"]["schemas"][name]["properties"]
        nullable = {field for field, schema in fields.items() if {"type": "null"} in schema.get("anyOf", [])}
        assert nullable == {"password"} & set(fields)
