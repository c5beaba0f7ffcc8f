"""Reports over HTTP: figures over all rows."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.app.http.making import make_post, make_user, problem_of

# These tests need real engines and pools, because they test transactions, concurrency and failures.
pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]


async def report(client: httpx2.AsyncClient, path: str) -> Any:
    """Return what the report says."""
    response = await client.get(f"/reports/{path}")
    assert 200 == response.status_code, response.text
    return response.json()


class TestReports:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("users/count", {"count": 0}),
            ("users/by-role", []),
            ("posts/per-author", {"items": [], "total": 0, "limit": 50, "offset": 0}),
            ("email-domains", {"items": [], "total": 0, "limit": 50, "offset": 0}),
        ],
    )
    async def test_an_empty_service_has_empty_reports(
        self, async_client: httpx2.AsyncClient, path: str, expected: Any
    ) -> None:
        """Reports on empty tables succeed."""
        assert expected == await report(async_client, path)

    async def test_users_are_counted(self, async_client: httpx2.AsyncClient) -> None:
        """Users are counted in total, and by each role in use."""
        for name, role in (("ann", "user"), ("bob", "user"), ("cleo", "admin")):
            await make_user(async_client, name, role=role)
        assert {"count": 3} == await report(async_client, "users/count")
        assert [{"role": "admin", "count": 1}, {"role": "user", "count": 2}] == await report(
            async_client, "users/by-role"
        )

    async def test_authors_are_ranked(self, async_client: httpx2.AsyncClient) -> None:
        """Authors with most posts come first, with ties by id. Users without posts have 0. A page has the total too."""
        ids = [(await make_user(async_client, name))["id"] for name in ("none", "one", "two", "also_none")]
        for author in (ids[1], ids[2], ids[2]):
            await make_post(async_client, author)
        figures = await report(async_client, "posts/per-author")
        assert [(ids[2], "two", 2), (ids[1], "one", 1), (ids[0], "none", 0), (ids[3], "also_none", 0)] == [
            (figure["author_id"], figure["username"], figure["posts"]) for figure in figures["items"]
        ]
        part = await report(async_client, "posts/per-author?limit=2&offset=1")
        assert {"items": figures["items"][1:3], "total": 4, "limit": 2, "offset": 1} == part

    async def test_domains_are_distinct(self, async_client: httpx2.AsyncClient) -> None:
        """Each domain is listed once, in alphabetical order, whatever its case was."""
        for name, domain in (("ann", "b.example.com"), ("bob", "A.example.com"), ("cleo", "b.EXAMPLE.com")):
            await make_user(async_client, name, email=f"{name}@{domain}")
        domains = await report(async_client, "email-domains")
        assert (["a.example.com", "b.example.com"], 2) == (domains["items"], domains["total"])
        part = await report(async_client, "email-domains?limit=1&offset=1")
        assert {"items": ["b.example.com"], "total": 2, "limit": 1, "offset": 1} == part

    @pytest.mark.parametrize("path", ["posts/per-author", "email-domains"])
    async def test_a_report_on_all_users_has_a_longest_part(self, async_client: httpx2.AsyncClient, path: str) -> None:
        """A report that grows with the service has pages, like every list."""
        problem_of(await async_client.get(f"/reports/{path}?limit=501"), 422)

    async def test_many_at_once_all_answer(self, async_client: httpx2.AsyncClient) -> None:
        """Concurrent reports share the connection pool, and all get a response."""
        await make_user(async_client)
        counts = await asyncio.gather(*(report(async_client, "users/count") for _ in range(60)))
        assert [{"count": 1}] * 60 == counts
