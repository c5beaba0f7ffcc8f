"""Every error is a problem response (RFC 9457) that tells clients only what they may know."""

import json
import logging
import re
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.dependencies import SessionDep
from app.main import create_app
from app.models import Account, User
from config import DatabaseSettings, Settings
from containers import ApplicationContainer, close_container
from sessionscope.database import drop_db
from sessionscope.testing.overrides import Override
from sessionscope.testing.serving import Server
from sessionscope.transactions import AsyncTransactions
from tests.app.http.making import make_user, problem_of

# These tests need real engines and pools, because they test transactions, concurrency and failures.
pytestmark = pytest.mark.isolation("database")

SECRET = "hunter2-do-not-tell"
JSON = {"content-type": "application/json"}


class TestRouting:
    async def test_an_unknown_path_is_not_found(self, async_client: httpx2.AsyncClient) -> None:
        """The response repeats the path, but nothing of the query."""
        problem_of(await async_client.get(f"/nothing/here?password={SECRET}"), 404)

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("PATCH", "/users/", "GET, HEAD, POST"),
            ("POST", "/users/1", "DELETE, GET, HEAD, PATCH, PUT"),
            ("DELETE", "/health/live", "GET, HEAD"),
            ("PUT", "/transfers/1", "GET, HEAD"),
        ],
    )
    async def test_wrong_method_lists_the_allowed_methods(
        self, async_client: httpx2.AsyncClient, method: str, path: str, allowed: str
    ) -> None:
        """405 names every method that the path has, as RFC 9110 asks."""
        response = await async_client.request(method, path)
        problem_of(response, 405)
        assert allowed == response.headers["allow"]

    @pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "BREW"])
    async def test_a_strange_method_is_no_failure(self, async_client: httpx2.AsyncClient, method: str) -> None:
        """An unknown method is refused like any wrong method."""
        problem_of(await async_client.request(method, "/users/"), 405)


class TestInvalidBodies:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"true",
            b"7",
            b'"text"',
            b"[]",
            b'[{"email": "ann@example.com", "username": "ann"}]',
        ],
        ids=lambda body: ascii(body)[:24],
    )
    async def test_json_that_is_no_object_is_invalid(self, async_client: httpx2.AsyncClient, body: bytes) -> None:
        """The response is a 422 that quotes nothing of the body."""
        response = await async_client.post("/users/", content=body, headers=JSON)
        assert SECRET not in response.text
        assert problem_of(response, 422)["errors"]

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b'{"email": "ann@example.com", "username": "hunter2-do-not-tell',
            b"{'email': 'hunter2-do-not-tell'}",
            b"email=ann@example.com&username=ann",
            b"\xff\xfe\x00",
            b'{"email": "\xff", "username": "hunter2-do-not-tell"}',
            b"[" * 100_000,
            b'{"email": ' + b"9" * 5_000 + b"}",
        ],
        ids=lambda body: ascii(body)[:24],
    )
    async def test_body_that_is_not_json_is_malformed(self, async_client: httpx2.AsyncClient, body: bytes) -> None:
        """Text that is not JSON, bytes that are not text, and JSON that no parser takes are one problem, a 400."""
        response = await async_client.post("/users/", content=body, headers=JSON)
        assert SECRET not in response.text
        assert "/problems/malformed-request" == problem_of(response, 400)["type"]

    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "text/json", "application", ""]
    )
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
    async def test_another_media_type_is_unsupported(
        self, async_client: httpx2.AsyncClient, method: str, kind: str
    ) -> None:
        """A body must be declared as JSON."""
        body = b'{"email": "ann@example.com", "username": "ann"}'
        headers = {"content-type": kind} if kind else {}
        path = "/users/" if method == "POST" else "/users/1"
        response = await async_client.request(method, path, content=body, headers=headers)
        assert "/problems/unsupported-media-type" == problem_of(response, 415)["type"]

    @pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/ld+json"])
    async def test_json_has_several_media_types(self, async_client: httpx2.AsyncClient, kind: str) -> None:
        """Capitals, parameters and types such as application/*+json are accepted."""
        body = b'{"email": "ann@example.com", "username": "ann"}'
        response = await async_client.post("/users/", content=body, headers={"content-type": kind})
        assert 201 == response.status_code

    async def test_of_a_key_written_twice_the_last_counts(self, async_client: httpx2.AsyncClient) -> None:
        """Python's JSON parser takes the last value, so one user is created."""
        body = b'{"email": "a@example.com", "email": "b@example.com", "username": "ann"}'
        response = await async_client.post("/users/", content=body, headers=JSON)
        assert (201, "b@example.com") == (response.status_code, response.json()["email"])

    @pytest.mark.parametrize(
        "wrong",
        [
            {"password": SECRET * 20},
            {"password": [SECRET]},
            {"password": SECRET, "email": "no address"},
            {"password": SECRET, "passwd": SECRET},
        ],
        ids=["too long", "a list", "another field", "misspelt"],
    )
    async def test_a_password_is_never_repeated(
        self, async_client: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture, wrong: dict[str, Any]
    ) -> None:
        """Neither the response nor the log repeats a password, whatever is wrong with the body."""
        body = {"email": "ann@example.com", "username": "ann"} | wrong
        response = await async_client.post("/users/", json=body)
        problem_of(response, 422)
        assert SECRET not in response.text + caplog.text

    async def test_a_body_of_a_megabyte_is_refused_by_its_rule(self, async_client: httpx2.AsyncClient) -> None:
        """The response names the field of a very long value, and doesn't repeat the value."""
        response = await async_client.post("/users/", json={"email": "ann@example.com", "username": "x" * 10**6})
        assert ["body.username"] == [each["field"] for each in problem_of(response, 422)["errors"]]
        assert len(response.content) < 1000

    async def test_many_errors_are_counted_and_a_few_listed(self, async_client: httpx2.AsyncClient) -> None:
        """The response has the first 20, says how many more there are, and says nothing twice."""
        body = {f"field_{number}": number for number in range(90)}
        problem = problem_of(await async_client.post("/users/", json=body), 422)
        assert "92 values of the request are wrong: `errors` lists 20, and there are 72 more" == problem["detail"]
        assert 20 == len({each["field"] for each in problem["errors"]})

    async def test_a_body_of_very_many_fields_is_one_error(self, async_client: httpx2.AsyncClient) -> None:
        """Each unknown field would be an error of its own, which takes seconds to find and to list."""
        body = {f"{number:x}": 1 for number in range(150_000)}
        before = time.process_time()
        response = await async_client.post("/users/", content=json.dumps(body, separators=(",", ":")), headers=JSON)
        assert time.process_time() - before < 1
        error = {"field": "body", "reason": "There are 150,000 fields: send at most 100"}
        assert [error] == problem_of(response, 422)["errors"]

    async def test_a_long_name_is_cut_short(self, async_client: httpx2.AsyncClient) -> None:
        """Clients choose the names of fields, which may have a megabyte."""
        body = {"email": "ann@example.com", "username": "ann", "k" * 10**6: 1}
        response = await async_client.post("/users/", json=body)
        assert [f"body.{'k' * 94}…"] == [each["field"] for each in problem_of(response, 422)["errors"]]

    async def test_a_name_that_is_no_text_is_not_repeated(self, async_client: httpx2.AsyncClient) -> None:
        """JSON can write half a surrogate pair, which no response can hold."""
        body = b'{"email": "ann@example.com", "username": "ann", "\\ud800": 1}'
        response = await async_client.post("/users/", content=body, headers=JSON)
        assert ["body"] == [each["field"] for each in problem_of(response, 422)["errors"]]


class TestInvalidQueries:
    @pytest.mark.parametrize("path", ["/users/", "/posts/", "/accounts/", "/transfers/", "/users/1/posts"])
    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=501",
            "limit=-1",
            "limit=ten",
            "limit=1.5",
            "limit=",
            "limit=99999999999999999999999",
            "offset=-1",
            "offset=99999999999999999999999",
            "page=2",
            "Limit=1",
        ],
    )
    async def test_a_wrong_part_is_named(self, async_client: httpx2.AsyncClient, path: str, query: str) -> None:
        """Limits and offsets out of bounds are refused, and so are misspelt filters."""
        await make_user(async_client)
        problem = problem_of(await async_client.get(f"{path}?{query}"), 422)
        assert [f"query.{query.split('=', maxsplit=1)[0]}"] == [each["field"] for each in problem["errors"]]

    @pytest.mark.parametrize(
        "query",
        [
            "sort=password_hash",
            "sort=",
            "sort=--id",
            "sort=id;DROP TABLE users",
            "active=perhaps",
            "role=root",
            "email=no address",
            "email=%00",
            "username=%00",
            "created_after=2026-01-01T00:00:00",
            "created_after=yesterday",
            "created_after=NaN",
            "created_after=0001-01-01T00:00:00%2B14:00",
            "created_after=9999-12-31T23:59:59-14:00",
        ],
    )
    async def test_a_wrong_filter_is_named(self, async_client: httpx2.AsyncClient, query: str) -> None:
        """A timestamp without an offset, or one that UTC doesn't have, is refused."""
        problem = problem_of(await async_client.get(f"/users/?{query}"), 422)
        assert [f"query.{query.split('=', maxsplit=1)[0]}"] == [each["field"] for each in problem["errors"]]

    async def test_a_query_of_very_many_parts_is_one_error(self, async_client: httpx2.AsyncClient) -> None:
        """A long query is treated like a body of very many fields."""
        query = "&".join(f"{number:x}=1" for number in range(9_000))
        problem = problem_of(await async_client.get(f"/users/?{query}"), 422)
        assert [{"field": "query", "reason": "There are 9,000 fields: send at most 100"}] == problem["errors"]


class BrokenUsers:
    """A replacement for the service of users that fails."""

    async def get(self, user_id: int) -> None:
        """Fail with a secret text."""
        raise RuntimeError(f"{SECRET} {user_id}")


class OverdrawnUsers:
    """A replacement for the service of users that breaks a check constraint."""

    def __init__(self, transactions: AsyncTransactions) -> None:
        self._transactions = transactions

    async def get(self, user_id: int) -> None:
        """Store an account with a negative balance."""

        def overdraw(session: Session) -> None:
            session.add(Account(owner_id=user_id, balance=Decimal(-1)))

        await self._transactions.run_sync(overdraw)


@pytest.mark.every_database
class TestFailures:
    async def test_broken_check_is_a_conflict(
        self, async_client: httpx2.AsyncClient, container: ApplicationContainer, override: Override
    ) -> None:
        """Like every other broken constraint, although MariaDB's drivers raise an error of another class."""
        user = await make_user(async_client)
        override("users", OverdrawnUsers(container.database.async_transactions()))
        assert (
            "the request collides with stored data"
            == problem_of(await async_client.get(f"/users/{user['id']}"), 409)["detail"]
        )

    async def test_the_unforeseen_shows_nothing(self, async_client: httpx2.AsyncClient, override: Override) -> None:
        """A bug is a 500 that doesn't show the exception's text."""
        override("users", BrokenUsers())
        response = await async_client.get("/users/1")
        assert SECRET not in response.text
        problem_of(response, 500)

    def test_real_server_answers_after_a_failure(self, server: Server, override: Override) -> None:
        """A real server sends the same response, and goes on serving."""
        override("users", BrokenUsers())
        response = httpx2.get(f"{server.url}/users/1")
        problem_of(response, 500)
        assert SECRET not in response.text
        assert 200 == httpx2.get(f"{server.url}/posts/").status_code

    async def test_a_database_error_is_logged_without_values(
        self, async_client: httpx2.AsyncClient, container: ApplicationContainer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """If a table is missing, the log has the statement without its values."""
        drop_db(container.database.engine())
        body = {"email": f"{SECRET}@example.com", "username": "ann", "password": SECRET}
        with caplog.at_level(logging.DEBUG, "app"):
            problem_of(await async_client.post("/users/", json=body), 500)
        assert re.search("no such table|does not exist|doesn't exist", caplog.text)
        assert SECRET not in caplog.text
        assert "$argon2id$" not in caplog.text


@pytest.mark.every_database
class TestExhaustedPool:
    @pytest.fixture
    def small(self, database_url: str) -> ApplicationContainer:
        """Give a container whose engines have one connection each."""
        settings = DatabaseSettings(url=database_url, pool_size=1, max_overflow=0, pool_timeout=0.05)
        return ApplicationContainer(settings=Settings(database=settings))

    @pytest.fixture
    async def client(self, small: ApplicationContainer) -> AsyncIterator[httpx2.AsyncClient]:
        """Give a client of an application over the small container, with a plain function as an endpoint."""
        app: FastAPI = create_app(small)

        @app.get("/plain")
        def plain(session: SessionDep) -> int | None:
            return session.scalars(select(User.id)).first()

        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client
        await close_container(small)

    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_an_async_endpoint_says_when_to_come_back(
        self, client: httpx2.AsyncClient, small: ApplicationContainer, method: str
    ) -> None:
        """While the only connection is taken, the response is a 503. Afterwards, requests succeed."""
        body = {"email": "ann@example.com", "username": "ann"} if method == "POST" else None
        # On SQLite, reads use the sync engine's pool.
        async with small.database.async_engine().connect():
            with small.database.engine().connect():
                response = await client.request(method, "/users/", json=body)
            problem_of(response, 503)
            assert 1 <= int(response.headers["retry-after"]) <= 3
        assert (await client.request(method, "/users/", json=body)).is_success

    async def test_sync_endpoint_answers_503_when_the_pool_is_exhausted(
        self, client: httpx2.AsyncClient, small: ApplicationContainer
    ) -> None:
        """An endpoint in the thread pool gets a 503 too."""
        with small.database.engine().connect():
            response = await client.get("/plain")
            problem_of(response, 503)
            assert 1 <= int(response.headers["retry-after"]) <= 3
        assert 200 == (await client.get("/plain")).status_code

    async def test_a_locked_database_is_unavailable(self, small: ApplicationContainer) -> None:
        """A lock that can't be taken in time is a 503 too."""
        await close_container(small)
        url = small.settings().database.url
        settings = DatabaseSettings(url=url, lock_timeout=0.05, transaction_attempts=1)
        other = ApplicationContainer(settings=Settings(database=settings))
        transport = httpx2.ASGITransport(create_app(other), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            with small.database.engine().connect() as connection:
                body = {"email": "ann@example.com", "username": "ann"}
                # A request for the same name has to wait until this one is committed or rolled back.
                connection.execute(insert(User).values(body))
                problem_of(await client.post("/users/", json=body), 503)
                assert 200 == (await client.get("/users/")).status_code
        await close_container(other)
        await close_container(small)
