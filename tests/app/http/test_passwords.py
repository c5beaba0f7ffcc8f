"""Hashing many passwords doesn't slow down other requests, and a refused request costs no hash."""

import asyncio
import threading
from collections import Counter
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from sessionscope.security.passwords import PasswordHasher
from sessionscope.testing.overrides import Override
from sessionscope.testing.servers.process import wait_until
from sessionscope.testing.serving import Server
from tests.app.http.making import make_user, problem_of

pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]

PASSWORD = "correct horse battery"


class Slow:
    """A replacement for argon2 that waits until the test lets it hash."""

    def __init__(self) -> None:
        self.may_end = threading.Event()

    def hash(self, password: str) -> str:
        """Wait, and return a text in place of a hash."""
        assert self.may_end.wait(60)
        return password[::-1]


class Counted(PasswordHasher):
    """Counts the passwords that it was given."""

    def __init__(self, slow: Any) -> None:
        super().__init__(threads=2, waiting=60)
        self._hasher = slow
        self.brought = 0

    async def hash(self, password: str) -> str:
        """Count, and hash."""
        self.brought += 1
        return await super().hash(password)


class NoHasher:
    """Fails when it is asked for a hash."""

    async def hash(self, password: str) -> str:
        """Fail."""
        raise AssertionError(len(password))


def body(name: str = "ann", **values: Any) -> dict[str, Any]:
    """Return a user with a password."""
    return {"email": f"{name}@example.com", "username": name, "password": PASSWORD} | values


def plain() -> None:
    """Take one of the server's threads."""


class TestCrowd:
    async def test_what_is_too_much_is_told_to_come_again(
        self, async_client: httpx2.AsyncClient, override: Override
    ) -> None:
        """Requests above the limit get a 503 with Retry-After, and create no user."""
        override("passwords", PasswordHasher(threads=1, waiting=2))
        responses = await asyncio.gather(*(async_client.post("/users/", json=body(f"u{i}")) for i in range(12)))
        count = Counter(response.status_code for response in responses)
        assert {201, 503} == set(count)
        assert count[201] >= 3
        for response in responses:
            if response.status_code == 503:
                assert "try again" in problem_of(response, 503)["detail"]
                assert "1" == response.headers["retry-after"]
        assert count[201] == (await async_client.get("/users/")).json()["total"]
        assert 201 == (await async_client.post("/users/", json=body())).status_code

    async def test_other_requests_are_served_during_hashing(
        self, app: FastAPI, server: Server, override: Override
    ) -> None:
        """Hashing uses none of the server's threads, so plain functions don't wait for it."""
        slow = Slow()
        hasher = Counted(slow)
        override("passwords", hasher)
        app.add_api_route("/plain", plain)
        limits = httpx2.Limits(max_connections=None)
        async with httpx2.AsyncClient(base_url=server.url, limits=limits, timeout=60) as client:
            crowd = [asyncio.ensure_future(client.post("/users/", json=body(f"u{i}"))) for i in range(60)]
            assert await asyncio.to_thread(wait_until, lambda: hasher.brought == 60, seconds=30)
            for path in ("/plain", "/health/live", "/reports/users/count"):
                assert 200 == (await client.get(path)).status_code
            assert not any(task.done() for task in crowd)
            slow.may_end.set()
            assert {201} == {response.status_code for response in await asyncio.gather(*crowd)}
        # Other tests use the same application.
        app.router.routes.pop()


class TestRefused:
    async def test_a_conflict_is_answered_without_a_hash(
        self, async_client: httpx2.AsyncClient, override: Override
    ) -> None:
        """A repeated request for a taken name is cheap."""
        user = await make_user(async_client)
        bob = await make_user(async_client, "bob")
        override("passwords", NoHasher())
        response = await async_client.post("/users/", json=body())
        assert "email and username already taken" == problem_of(response, 409)["detail"]
        for method in ("PUT", "PATCH"):
            response = await async_client.request(method, f"/users/{user['id']}", json=body("bob", email="a@b.co"))
            assert "username already taken" == problem_of(response, 409)["detail"]
        assert [user, bob] == (await async_client.get("/users/")).json()["items"]

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    async def test_nobody_is_answered_without_a_hash(
        self, async_client: httpx2.AsyncClient, override: Override, method: str
    ) -> None:
        """No hash is made for a user who doesn't exist."""
        override("passwords", NoHasher())
        assert (
            "there is no user 99"
            == problem_of(await async_client.request(method, "/users/99", json=body()), 404)["detail"]
        )

    async def test_the_database_still_decides(self, async_client: httpx2.AsyncClient) -> None:
        """If several requests find a name free and then hash, only one gets the name."""
        responses = await asyncio.gather(*(async_client.post("/users/", json=body()) for _ in range(6)))
        assert [201] + [409] * 5 == sorted(response.status_code for response in responses)

    async def test_ones_own_name_is_free(self, async_client: httpx2.AsyncClient) -> None:
        """An update with a new password may repeat the user's own name."""
        user = await make_user(async_client)
        assert 200 == (await async_client.put(f"/users/{user['id']}", json=body())).status_code
