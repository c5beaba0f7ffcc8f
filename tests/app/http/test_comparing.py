"""All databases compare, sort and count alike, whatever their defaults are."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx2
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.models import Account, User
from tests.app.http.making import made, make_accounts, make_post, make_user, problem_of

pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]


async def found(client: httpx2.AsyncClient, path: str, field: str, **query: str) -> list[str]:
    """Return a field of each row of a list."""
    response = await client.get(path, params=query)
    assert 200 == response.status_code, response.text
    return [each[field] for each in response.json()["items"]]


class TestTexts:
    @pytest.mark.parametrize("others", ["änn", "ann_", "a"], ids=ascii)
    async def test_names_differ_by_a_letter_or_an_accent(self, async_client: httpx2.AsyncClient, others: str) -> None:
        """Both users may exist, and a filter finds only the right one."""
        for name, email in (("ann", "ann"), (others, "other")):
            await made(async_client, "/users/", email=f"{email}@example.com", username=name)
        for name in ("ann", others):
            assert [name] == await found(async_client, "/users/", "username", username=name)

    @pytest.mark.parametrize("title", ["same ", "Same", "same\t", "sam_", "sam%", "säme"], ids=ascii)
    async def test_titles_are_found_as_they_were_written(self, async_client: httpx2.AsyncClient, title: str) -> None:
        """A space at the end counts, and no character is a wildcard."""
        author = await make_user(async_client)
        for each in ("same", title):
            await make_post(async_client, author["id"], each)
        for each in ("same", title):
            assert [each] == await found(async_client, "/posts/", "title", title=each)

    async def test_texts_are_sorted_by_code_points(self, async_client: httpx2.AsyncClient) -> None:
        """Capitals come first, then accents, and then letters outside the first plane."""
        names = ["Bob", "Zoe", "_", "ann", "bob", "zoe", "Ärmel", "жанна", "\uffda", "\U0001f600"]
        author = await make_user(async_client, "author")
        for name in reversed(names):
            await make_post(async_client, author["id"], name)
        assert names == await found(async_client, "/posts/", "title", sort="title")
        assert names[::-1] == await found(async_client, "/posts/", "title", sort="-title")

    @pytest.mark.parametrize("letter", ["x", "😀"], ids=ascii)
    async def test_the_longest_text_comes_back(self, async_client: httpx2.AsyncClient, letter: str) -> None:
        """Every database stores the longest text that the API accepts."""
        author = await make_user(async_client)
        content = letter * 100_000
        post = await made(async_client, "/posts/", title="t", content=content, author_id=author["id"])
        assert content == (await async_client.get(f"/posts/{post['id']}")).json()["content"]

    async def test_domains_are_told_apart(self, async_client: httpx2.AsyncClient) -> None:
        """A report groups and sorts by the same rule as lists."""
        for name, domain in (("a", "b.example"), ("b", "a.example"), ("c", "b.example")):
            await made(async_client, "/users/", email=f"{name}@{domain}", username=name)
        shown = (await async_client.get("/reports/email-domains")).json()
        assert (["a.example", "b.example"], 2) == (shown["items"], shown["total"])

    async def test_a_role_is_written_exactly(self, async_client: httpx2.AsyncClient, session: Session) -> None:
        """The database's check refuses a role with a capital or a space."""
        await make_user(async_client)
        for role in ("ADMIN", "admin ", "root"):
            with pytest.raises(Exception, match=r"role|CHECK"), session.begin():
                session.execute(update(User).values(role=role))


class TestNumbers:
    async def test_sums_of_money_are_exact(self, async_client: httpx2.AsyncClient, session: Session) -> None:
        """The largest amount is stored to the cent, and ten times 0.10 is exactly 1.00."""
        await make_accounts(async_client, "9999999999999999.99", *["0.10"] * 10)
        small = Account.balance < Decimal(1)
        assert Decimal("1.00") == session.scalar(select(func.sum(Account.balance)).where(small))
        largest = session.scalars(select(Account).where(Account.balance > Decimal(1))).one()
        assert Decimal("9999999999999999.99") == largest.balance

    @pytest.mark.parametrize("path", ["/users/2147483647", "/accounts/2147483647", "/posts/2147483647"])
    async def test_largest_key_is_looked_up(self, async_client: httpx2.AsyncClient, path: str) -> None:
        """The database is asked for the largest key, and doesn't find it."""
        problem_of(await async_client.get(path), 404)

    async def test_ids_of_each_test_count_from_one(self, async_client: httpx2.AsyncClient) -> None:
        """Ids start at 1 in each test."""
        assert [1, 2] == [(await make_user(async_client, name))["id"] for name in ("ann", "bob")]

    @pytest.mark.parametrize("is_active", [True, False])
    async def test_true_and_false_come_back(self, async_client: httpx2.AsyncClient, *, is_active: bool) -> None:
        """Booleans are JSON booleans, even if the database only has numbers."""
        user = await make_user(async_client, is_active=is_active)
        assert is_active is (await async_client.get(f"/users/{user['id']}")).json()["is_active"]


class TestTimestamps:
    @pytest.mark.parametrize("microsecond", [0, 1, 499_999, 500_000, 999_999])
    async def test_timestamps_are_exact_to_the_microsecond(
        self, async_client: httpx2.AsyncClient, session: Session, microsecond: int
    ) -> None:
        """Timestamps are neither rounded nor truncated when they are stored or compared."""
        timestamp = datetime(2026, 12, 31, 23, 59, 59, microsecond, tzinfo=UTC)
        session.add(User(email="ann@example.com", username="ann", created_at=timestamp))
        session.commit()
        for difference, names in ((-1, ["ann"]), (0, [])):
            after = (timestamp + timedelta(microseconds=difference)).isoformat()
            assert names == await found(async_client, "/users/", "username", created_after=after)
        [shown] = await found(async_client, "/users/", "created_at")
        assert timestamp == datetime.fromisoformat(shown)

    @pytest.mark.parametrize("year", [1000, 1583, 2039, 9999])
    async def test_distant_timestamps_are_exact(
        self, async_client: httpx2.AsyncClient, session: Session, year: int
    ) -> None:
        """Timestamps are exact from the first year that every database knows to the last."""
        timestamp = datetime(year, 1, 2, tzinfo=UTC)
        session.add(User(email="ann@example.com", username="ann", created_at=timestamp))
        session.commit()
        [shown] = await found(async_client, "/users/", "created_at")
        assert timestamp == datetime.fromisoformat(shown)
