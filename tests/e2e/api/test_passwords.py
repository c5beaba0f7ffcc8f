"""Passwords over HTTP: many at once cost other requests nothing, and a refused request costs no hash."""

import asyncio
import time
from collections import Counter
from typing import Any

import httpx2
import pytest

from app.services.passwords import PasswordHasher
from containers import ApplicationContainer
from tests.e2e.api.making import make_user, problem_of
from tests.testkit.overrides import Override
from tests.testkit.serving import Server

pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]

PASSWORD = "correct horse battery"


class NoHasher:
    """Fails when it is asked for a hash."""

    async def hash(self, password: str) -> str:
        """Fail."""
        raise AssertionError(len(password))


def body(name: str = "ann", **values: Any) -> dict[str, Any]:
    """Return a user with a password."""
    return {"email": f"{name}@example.com", "username": name, "password": PASSWORD} | values


class TestCrowd:
    async def test_what_is_too_much_is_told_to_come_again(
        self, async_client: httpx2.AsyncClient, override: Override
    ) -> None:
        """Those that fit are served, the others get a 503 with Retry-After, and nobody else is made."""
        override("passwords", PasswordHasher(threads=1, waiting=2))
        replies = await asyncio.gather(*(async_client.post("/users/", json=body(f"u{i}")) for i in range(12)))
        count = Counter(reply.status_code for reply in replies)
        assert {201, 503} == set(count)
        assert count[201] >= 3
        for reply in replies:
            if reply.status_code == 503:
                assert "ask again" in problem_of(reply, 503)["detail"]
                assert "1" == reply.headers["retry-after"]
        assert count[201] == (await async_client.get("/users/")).json()["total"]
        assert 201 == (await async_client.post("/users/", json=body())).status_code

    async def test_health_answers_meanwhile(self, server: Server, container: ApplicationContainer) -> None:
        """A load balancer would take a process whose health is slow for dead."""
        limits = httpx2.Limits(max_connections=None)
        async with httpx2.AsyncClient(base_url=server.url, limits=limits, timeout=60) as client:
            crowd = [asyncio.ensure_future(client.post("/users/", json=body(f"u{i}"))) for i in range(60)]
            longest, answers = 0.0, 0
            while not all(task.done() for task in crowd):
                began = time.monotonic()
                assert 200 == (await client.get("/health/ready")).status_code
                longest, answers = max(longest, time.monotonic() - began), answers + 1
            assert {reply.status_code for reply in await asyncio.gather(*crowd)} <= {201, 503}
        assert answers > 1
        assert longest < 2
        assert container.passwords.built is not None


class TestRefused:
    async def test_a_conflict_is_answered_without_a_hash(
        self, async_client: httpx2.AsyncClient, override: Override
    ) -> None:
        """Asking again and again for a name that is taken is cheap."""
        user = await make_user(async_client)
        bob = await make_user(async_client, "bob")
        override("passwords", NoHasher())
        reply = await async_client.post("/users/", json=body())
        assert "email and username already taken" == problem_of(reply, 409)["detail"]
        for method in ("PUT", "PATCH"):
            reply = await async_client.request(method, f"/users/{user['id']}", json=body("bob", email="a@b.co"))
            assert "username already taken" == problem_of(reply, 409)["detail"]
        assert [user, bob] == (await async_client.get("/users/")).json()["items"]

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    async def test_nobody_is_answered_without_a_hash(
        self, async_client: httpx2.AsyncClient, override: Override, method: str
    ) -> None:
        """Neither is a hash made for a user who isn't there."""
        override("passwords", NoHasher())
        assert (
            "there is no user 99"
            == problem_of(await async_client.request(method, "/users/99", json=body()), 404)["detail"]
        )

    async def test_the_database_still_decides(self, async_client: httpx2.AsyncClient) -> None:
        """Of several that all found the name free before they hashed, one gets it."""
        replies = await asyncio.gather(*(async_client.post("/users/", json=body()) for _ in range(6)))
        assert [201] + [409] * 5 == sorted(reply.status_code for reply in replies)

    async def test_ones_own_name_is_free(self, async_client: httpx2.AsyncClient) -> None:
        """A user may be given a new password along with the old name."""
        user = await make_user(async_client)
        assert 200 == (await async_client.put(f"/users/{user['id']}", json=body())).status_code
