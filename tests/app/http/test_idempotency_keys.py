"""Idempotency keys on every POST that takes them: they share one key space, and they expire."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from app.models import IdempotencyKey
from containers import ApplicationContainer, scope
from sessionscope.settings import IdempotencySettings
from sessionscope.testing.overrides import Override
from sessionscope.transactions.idempotency import forget_keys
from tests.app.http.making import Json, balances, make_accounts, make_user, problem_of

pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]

KEY = {"Idempotency-Key": "k-1"}
DAY = 86_400


@pytest.fixture(name="author")
async def _author(async_client: httpx2.AsyncClient) -> int:
    """Give the id of a user."""
    key: int = (await make_user(async_client))["id"]
    return key


@pytest.fixture(name="bodies")
def _bodies(author: int) -> dict[str, Json]:
    """Give a valid body for each path that takes a key. Transfers have their own tests."""
    return {
        "/posts/": {"title": "t", "content": "c", "author_id": author},
        "/accounts/": {"owner_id": author, "balance": "10.00"},
    }


def age(container: ApplicationContainer, **how_old: float) -> None:
    """Set the age of all keys."""
    with scope():
        session = container.database.session()
        session.execute(update(IdempotencyKey).values(created_at=datetime.now(UTC) - timedelta(**how_old)))
        session.commit()


def count_keys(container: ApplicationContainer) -> int:
    """Return the number of stored keys."""
    with scope():
        return container.database.session().scalar(select(func.count()).select_from(IdempotencyKey)) or 0


def forget(container: ApplicationContainer, batch: int = 1000) -> list[int]:
    """Delete the expired keys; return the length of each batch."""
    with scope():
        return list(forget_keys(container.database.transactions(), IdempotencyKey, DAY, batch))


@pytest.mark.parametrize("path", ["/posts/", "/accounts/"])
class TestSameRequest:
    async def test_repeated_request_creates_one_object(
        self, async_client: httpx2.AsyncClient, bodies: dict[str, Json], path: str
    ) -> None:
        """A repeated request gets the same response and location, and creates nothing."""
        first, second = [await async_client.post(path, json=bodies[path], headers=KEY) for _ in range(2)]
        assert (201, 201) == (first.status_code, second.status_code)
        assert (first.json(), first.headers["location"]) == (second.json(), second.headers["location"])
        assert 1 == (await async_client.get(path)).json()["total"]

    async def test_of_ten_at_once_one_is_made(
        self, async_client: httpx2.AsyncClient, bodies: dict[str, Json], path: str
    ) -> None:
        """The others get the first one's response, or are told to try again."""
        posts = [async_client.post(path, json=bodies[path], headers=KEY) for _ in range(10)]
        responses = await asyncio.gather(*posts)
        assert {response.status_code for response in responses} <= {201, 409}
        assert 1 == len({response.json()["id"] for response in responses if response.status_code == 201})
        assert 1 == (await async_client.get(path)).json()["total"]

    async def test_requests_without_a_key_create_two_objects(
        self, async_client: httpx2.AsyncClient, bodies: dict[str, Json], path: str
    ) -> None:
        """Without a key, a client may intend to send two equal requests."""
        for _ in range(2):
            assert 201 == (await async_client.post(path, json=bodies[path])).status_code
        assert 2 == (await async_client.get(path)).json()["total"]

    async def test_another_body_is_refused(
        self, async_client: httpx2.AsyncClient, bodies: dict[str, Json], path: str
    ) -> None:
        """Using the same key for another body is a mistake of the client."""
        await async_client.post(path, json=bodies[path], headers=KEY)
        change = {"title": "another"} if path == "/posts/" else {"balance": "11.00"}
        response = await async_client.post(path, json=bodies[path] | change, headers=KEY)
        assert ["header.idempotency-key"] == [each["field"] for each in problem_of(response, 422)["errors"]]
        assert 1 == (await async_client.get(path)).json()["total"]

    async def test_a_refusal_is_repeated(
        self, async_client: httpx2.AsyncClient, bodies: dict[str, Json], path: str
    ) -> None:
        """The refusal stays, even if the missing user is created later."""
        field = "author_id" if path == "/posts/" else "owner_id"
        body = bodies[path] | {field: bodies[path][field] + 1}
        refused = await async_client.post(path, json=body, headers=KEY)
        assert body[field] == (await make_user(async_client, "late"))["id"]
        again = await async_client.post(path, json=body, headers=KEY)
        assert problem_of(refused, 409) == problem_of(again, 409)

    def test_the_document_names_the_header(self, app: FastAPI, path: str) -> None:
        """A generated client can send it."""
        parameters = app.openapi()["paths"][path]["post"]["parameters"]
        assert ["idempotency-key"] == [each["name"] for each in parameters if each["in"] == "header"]


class TestOneKeySpace:
    async def test_a_key_of_another_endpoint_is_refused(
        self, async_client: httpx2.AsyncClient, bodies: dict[str, Json]
    ) -> None:
        """A key names one request of the whole service."""
        await async_client.post("/posts/", json=bodies["/posts/"], headers=KEY)
        response = await async_client.post("/accounts/", json=bodies["/accounts/"], headers=KEY)
        assert ["header.idempotency-key"] == [each["field"] for each in problem_of(response, 422)["errors"]]
        assert [] == await balances(async_client)


class TestPost:
    async def test_a_changed_post_is_shown_as_it_is(
        self, async_client: httpx2.AsyncClient, bodies: dict[str, Json]
    ) -> None:
        """The repeated request returns the post with its later changes."""
        post = (await async_client.post("/posts/", json=bodies["/posts/"], headers=KEY)).json()
        await async_client.patch(f"/posts/{post['id']}", json={"title": "new"})
        again = (await async_client.post("/posts/", json=bodies["/posts/"], headers=KEY)).json()
        assert (post["id"], "new") == (again["id"], again["title"])

    async def test_a_deleted_post_stays_deleted(
        self, async_client: httpx2.AsyncClient, bodies: dict[str, Json]
    ) -> None:
        """A late copy of the request does not create a deleted post again."""
        post = (await async_client.post("/posts/", json=bodies["/posts/"], headers=KEY)).json()
        await async_client.delete(f"/posts/{post['id']}")
        again = await async_client.post("/posts/", json=bodies["/posts/"], headers=KEY)
        assert f"there is no post {post['id']}" == problem_of(again, 404)["detail"]
        assert 0 == (await async_client.get("/posts/")).json()["total"]


class TestExpiry:
    @pytest.fixture(name="transfer")
    async def _transfer(self, async_client: httpx2.AsyncClient) -> Json:
        """Give a transfer that was made with the key."""
        payer, payee = await make_accounts(async_client, "100.00", "0.00")
        body = {"from_account": payer, "to_account": payee, "amount": "40.00"}
        assert 201 == (await async_client.post("/transfers/", json=body, headers=KEY)).status_code
        return body

    async def test_a_young_key_counts(
        self, async_client: httpx2.AsyncClient, container: ApplicationContainer, transfer: Json
    ) -> None:
        """An answer is kept for a day."""
        age(container, hours=23.9)
        assert 201 == (await async_client.post("/transfers/", json=transfer, headers=KEY)).status_code
        assert ["60.00", "40.00"] == await balances(async_client)

    async def test_an_expired_key_is_new(
        self, async_client: httpx2.AsyncClient, container: ApplicationContainer, transfer: Json
    ) -> None:
        """An expired key, deleted or not, may be used for another request, and then belongs to it."""
        age(container, days=1)
        other = transfer | {"amount": "10.00"}
        for _ in range(2):
            assert 201 == (await async_client.post("/transfers/", json=other, headers=KEY)).status_code
        assert ["50.00", "50.00"] == await balances(async_client)
        problem_of(await async_client.post("/transfers/", json=transfer, headers=KEY), 422)
        assert 1 == count_keys(container)

    @pytest.mark.parametrize("attempt", range(3))
    async def test_of_ten_that_renew_it_at_once_one_moves_money(
        self, async_client: httpx2.AsyncClient, container: ApplicationContainer, transfer: Json, attempt: int
    ) -> None:
        """One request takes over the expired key. The others get its response, or are told to try again."""
        age(container, days=1, seconds=attempt)
        responses = await asyncio.gather(
            *(async_client.post("/transfers/", json=transfer, headers=KEY) for _ in range(10))
        )
        assert {response.status_code for response in responses} <= {201, 409}
        assert 1 == len({response.json()["id"] for response in responses if response.status_code == 201})
        assert ["20.00", "80.00"] == await balances(async_client)
        assert 201 == (await async_client.post("/transfers/", json=transfer, headers=KEY)).status_code
        assert (["20.00", "80.00"], 1) == (await balances(async_client), count_keys(container))

    async def test_renewing_and_forgetting_at_once_moves_money_once(
        self, async_client: httpx2.AsyncClient, container: ApplicationContainer, transfer: Json
    ) -> None:
        """A renewed key is not deleted as an expired one."""
        age(container, days=1)
        forgetting = [asyncio.to_thread(forget, container, 1) for _ in range(3)]
        requests = [async_client.post("/transfers/", json=transfer, headers=KEY) for _ in range(5)]
        outcomes: list[Any] = await asyncio.gather(*forgetting, *requests)
        assert {response.status_code for response in outcomes[3:]} <= {201, 409}
        for _ in range(2):
            assert 201 == (await async_client.post("/transfers/", json=transfer, headers=KEY)).status_code
        assert (["20.00", "80.00"], 1) == (await balances(async_client), count_keys(container))


class TestKeptAnswers:
    """The format of stored answers, because two releases may use one database for a while."""

    @pytest.fixture(name="body")
    async def _body(self, async_client: httpx2.AsyncClient) -> Json:
        """Give a transfer between two accounts, of which the first holds 10.00."""
        payer, payee = await make_accounts(async_client, "10.00", "0.00")
        return {"from_account": payer, "to_account": payee, "amount": "1.00"}

    @pytest.mark.parametrize(
        ("answer", "status", "kind", "detail"),
        [
            ({"not_found": ["account", 9]}, 404, "not-found", "there is no account 9"),
            ({"conflict": "account 2 can't hold that much"}, 409, "conflict", "account 2 can't hold that much"),
            ({"insufficient_funds": [1]}, 409, "insufficient-funds", "account 1 holds less than the amount"),
            ({"made": 7}, 404, "not-found", "there is no transfer 7"),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    async def test_refusals_of_the_release_before_are_given_again(  # noqa: PLR0913, PLR0917 - a table of cases
        self,
        async_client: httpx2.AsyncClient,
        container: ApplicationContainer,
        body: Json,
        answer: Json,
        status: int,
        kind: str,
        detail: str,
    ) -> None:
        """The format of refusals has not changed since idempotency keys were introduced."""
        request = f"transfer {body['from_account']} {body['to_account']} 1.00"
        values = {"key": sha256(b"k-1").hexdigest(), "request": sha256(request.encode()).hexdigest()}
        with scope():
            session = container.database.session()
            session.add(IdempotencyKey(**values, answer=json.dumps(answer)))
            session.commit()
        problem = problem_of(await async_client.post("/transfers/", json=body, headers=KEY), status)
        assert (f"/problems/{kind}", detail) == (problem["type"], problem["detail"])
        assert ["10.00", "0.00"] == await balances(async_client)

    @pytest.mark.parametrize(
        ("path", "changes", "expected"),
        [
            ("/transfers/", {}, {"made": 1}),
            ("/transfers/", {"to_account": 99}, {"not_found": ["account", 99]}),
            ("/transfers/", {"amount": "10.01"}, {"insufficient_funds": [1]}),
            ("/accounts/", {"owner_id": 99}, {"conflict": "there is no user 99 to own the account"}),
        ],
    )
    async def test_answers_are_kept_as_the_release_before_reads_them(  # noqa: PLR0913, PLR0917 - as above
        self,
        async_client: httpx2.AsyncClient,
        container: ApplicationContainer,
        body: Json,
        path: str,
        changes: Json,
        expected: Json,
    ) -> None:
        """The previous release's workers still serve some requests during a deployment."""
        data = body | changes if path == "/transfers/" else changes
        await async_client.post(path, json=data, headers=KEY)
        with scope():
            answer = container.database.session().scalars(select(IdempotencyKey.answer)).one()
        assert answer is not None
        assert expected == json.loads(answer)


class TestSetting:
    async def test_setting_limits_how_long_a_key_is_kept(
        self, async_client: httpx2.AsyncClient, container: ApplicationContainer, override: Override
    ) -> None:
        """`idempotency.keep_seconds` is a day by default, and may be shorter than a second."""
        settings = container.settings()
        assert settings.idempotency.keep_seconds == DAY
        override("settings", settings.model_copy(update={"idempotency": IdempotencySettings(keep_seconds=1e-6)}))
        author = (await make_user(async_client))["id"]
        body = {"owner_id": author}
        responses = [await async_client.post("/accounts/", json=body, headers=KEY) for _ in range(2)]
        assert [201, 201] == [response.status_code for response in responses]
        assert 2 == (await async_client.get("/accounts/")).json()["total"]


class TestForgetting:
    @pytest.fixture(name="keys", autouse=True)
    def _keys(self, container: ApplicationContainer) -> None:
        """Keep seven keys, of which five have expired."""
        present = datetime.now(UTC)
        with scope():
            session = container.database.session()
            for number in range(7):
                created_at = present - timedelta(days=0.9 if number < 2 else number)
                values = {"key": f"{number:064}", "request": "0" * 64, "answer": "{}", "created_at": created_at}
                session.add(IdempotencyKey(**values))
            session.commit()

    @pytest.mark.parametrize(("batch", "expected"), [(1000, [5]), (2, [2, 2, 1]), (5, [5, 0])])
    def test_forgetting_deletes_in_batches(
        self, container: ApplicationContainer, batch: int, expected: list[int]
    ) -> None:
        """Each batch is one transaction, and keys that are still valid stay."""
        assert expected == forget(container, batch)
        assert (2, [0]) == (count_keys(container), forget(container))
