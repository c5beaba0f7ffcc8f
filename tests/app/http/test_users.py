"""Users over HTTP."""

import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from app.models import User
from containers import ApplicationContainer, scope
from tests.app.http.making import made, make_post, make_user, problem_of

# These tests need real engines and pools, because they test transactions, concurrency and failures.
pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]

PASSWORD = "correct horse battery"


async def stored(container: ApplicationContainer, user_id: int) -> User:
    """Return the row, which contains more than clients see."""
    async with scope():
        return (await container.database.async_session().scalars(select(User).where(User.id == user_id))).one()


async def names(client: httpx2.AsyncClient, query: str) -> list[str]:
    """Return the usernames of the list, in its order."""
    response = await client.get(f"/users/?{query}")
    assert 200 == response.status_code, response.text
    return [user["username"] for user in response.json()["items"]]


class TestCreate:
    async def test_response_shows_what_was_stored(self, async_client: httpx2.AsyncClient) -> None:
        """The response has the id, the defaults, the timestamps and the user's path."""
        response = await async_client.post("/users/", json={"email": "Ann@Example.com", "username": "ann"})
        user = response.json()
        assert f"/users/{user['id']}" == response.headers["location"]
        assert ["ann@example.com", "ann", True, "user"] == [
            user[name] for name in ("email", "username", "is_active", "role")
        ]
        assert {"id", "email", "username", "is_active", "role", "created_at", "updated_at"} == set(user)
        assert user["created_at"].endswith("Z")
        assert user == (await async_client.get(response.headers["location"])).json()

    async def test_the_password_is_kept_as_an_argon2id_hash(
        self, async_client: httpx2.AsyncClient, container: ApplicationContainer
    ) -> None:
        """The password is neither stored nor shown."""
        response = await async_client.post(
            "/users/", json={"email": "ann@example.com", "username": "ann", "password": PASSWORD}
        )
        assert "password" not in response.text
        kept = (await stored(container, response.json()["id"])).password_hash
        assert kept is not None
        assert kept.startswith("$argon2id$")
        assert await container.passwords().verify(PASSWORD, kept)
        assert not await container.passwords().verify("another one", kept)

    async def test_two_users_of_one_password_have_two_hashes(
        self, async_client: httpx2.AsyncClient, container: ApplicationContainer
    ) -> None:
        """Each hash has a salt of its own."""
        users = [await make_user(async_client, name, password=PASSWORD) for name in ("ann", "bob")]
        assert 2 == len({(await stored(container, user["id"])).password_hash for user in users})

    @pytest.mark.parametrize(
        ("email", "username", "taken"),
        [
            ("ann@example.com", "bob", "email"),
            ("ANN@Example.COM", "bob", "email"),
            ("bob@example.com", "ann", "username"),
            ("ann@example.com", "ann", "email and username"),
        ],
        ids=["email", "email in capitals", "username", "both"],
    )
    async def test_what_is_taken_is_refused_by_name(
        self, async_client: httpx2.AsyncClient, email: str, username: str, taken: str
    ) -> None:
        """A duplicate is a conflict, whose detail names the field, but not the value."""
        await make_user(async_client)
        response = await async_client.post("/users/", json={"email": email, "username": username})
        assert f"{taken} already taken" == problem_of(response, 409)["detail"]

    async def test_of_twenty_at_once_one_is_made(self, async_client: httpx2.AsyncClient) -> None:
        """The database's constraint decides, not an earlier check."""
        body = {"email": "ann@example.com", "username": "ann"}
        responses = await asyncio.gather(*(async_client.post("/users/", json=body) for _ in range(20)))
        assert [201] + [409] * 19 == sorted(response.status_code for response in responses)
        assert 1 == (await async_client.get("/users/")).json()["total"]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"email": "no address"},
            {"email": "a" * 250 + "@example.com"},
            {"email": "a\0@example.com"},
            {"email": None},
            {"username": ""},
            {"username": "two words"},
            {"username": "line\n"},
            {"username": "n\0l"},
            {"username": "x" * 65},
            {"username": None},
            {"password": "short"},
            {"password": "x" * 129},
            {"password": 12345678},
            {"role": "root"},
            {"role": None},
            {"is_active": None},
            {"is_active": "perhaps"},
            {"id": 7},
            {"password_hash": "$argon2id$"},
        ],
        ids=str,
    )
    async def test_a_wrong_value_is_named(self, async_client: httpx2.AsyncClient, wrong: dict[str, Any]) -> None:
        """The response names the field, and nothing is stored."""
        body = {"email": "ann@example.com", "username": "ann", "password": PASSWORD} | wrong
        response = await async_client.post("/users/", json=body)
        assert [f"body.{name}" for name in wrong] == [each["field"] for each in problem_of(response, 422)["errors"]]
        assert 0 == (await async_client.get("/users/")).json()["total"]

    @pytest.mark.parametrize("name", ["Жанна", "ünïcode", "名前", "a.b-c_d"])
    async def test_names_are_of_any_language(self, async_client: httpx2.AsyncClient, name: str) -> None:
        """Letters of every script come back as they were sent."""
        user = await made(async_client, "/users/", email="ann@example.com", username=name)
        assert [user["username"]] == await names(async_client, f"username={name}")


class TestGet:
    async def test_an_unknown_id_is_not_found(self, async_client: httpx2.AsyncClient) -> None:
        """The detail says what is missing."""
        assert "there is no user 99" == problem_of(await async_client.get("/users/99"), 404)["detail"]

    @pytest.mark.parametrize("key", ["0", "-1", "2147483648", "9" * 40, "abc", "1.5", "%00", "\uff11", "null"])
    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    async def test_impossible_id_is_invalid(self, async_client: httpx2.AsyncClient, method: str, key: str) -> None:
        """An id that no row can have never reaches the database."""
        response = await async_client.request(method, f"/users/{key}")
        assert ["path.user_id"] == [each["field"] for each in problem_of(response, 422)["errors"]]

    async def test_a_row_that_our_rules_would_refuse_is_shown(
        self, async_client: httpx2.AsyncClient, container: ApplicationContainer
    ) -> None:
        """A row that was accepted under older rules doesn't break the list."""
        with scope():
            session = container.database.session()
            session.add(User(email="root@localhost", username="two words"))
            session.commit()
        assert ["two words"] == await names(async_client, "")


class TestList:
    @pytest.fixture(autouse=True)
    async def users(self, async_client: httpx2.AsyncClient) -> None:
        """Make three users; two of them differ only in their names."""
        await make_user(async_client, "cleo", role="admin")
        await make_user(async_client, "ann", is_active=False)
        await make_user(async_client, "bob", is_active=False)

    async def test_parts_have_no_gap_and_no_double(self, async_client: httpx2.AsyncClient) -> None:
        """Equal rows keep their order from one page to the next."""
        parts = [await names(async_client, f"sort=created_at&limit=1&offset={offset}") for offset in range(4)]
        assert [["cleo"], ["ann"], ["bob"], []] == parts

    async def test_the_total_is_of_the_whole(self, async_client: httpx2.AsyncClient) -> None:
        """A page contains the length of the whole filtered list, and its own limit and offset."""
        page = (await async_client.get("/users/?active=false&limit=1&offset=1")).json()
        assert [2, 1, 1] == [page[name] for name in ("total", "limit", "offset")]
        assert ["bob"] == [user["username"] for user in page["items"]]

    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            ("id", "cleo ann bob"),
            ("-id", "bob ann cleo"),
            ("username", "ann bob cleo"),
            ("-username", "cleo bob ann"),
            ("email", "ann bob cleo"),
            ("-email", "cleo bob ann"),
            ("created_at", "cleo ann bob"),
            ("-created_at", "bob ann cleo"),
            ("updated_at", "cleo ann bob"),
            ("-updated_at", "bob ann cleo"),
        ],
    )
    async def test_list_sorts_both_ways(self, async_client: httpx2.AsyncClient, sort: str, expected: str) -> None:
        """A leading minus reverses the order."""
        assert expected.split() == await names(async_client, f"sort={sort}")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("email=ANN@example.com", "ann"),
            ("username=bob", "bob"),
            ("active=true", "cleo"),
            ("active=false", "ann bob"),
            ("role=admin", "cleo"),
            ("role=user&username=ann", "ann"),
            ("role=admin&active=false", ""),
            ("created_after=2020-01-01T00:00:00Z", "cleo ann bob"),
            ("created_after=2020-01-01T00:00:00%2B02:00", "cleo ann bob"),
            ("created_after=9999-01-01T00:00:00Z", ""),
        ],
    )
    async def test_filters_add_up(self, async_client: httpx2.AsyncClient, query: str, expected: str) -> None:
        """Every filter of the query holds for every user of the list."""
        assert expected.split() == await names(async_client, query)

    async def test_created_after_excludes_the_timestamp_itself(self, async_client: httpx2.AsyncClient) -> None:
        """A client can continue after the last row that it has seen, to the microsecond."""
        first = (await async_client.get("/users/?limit=1")).json()["items"][0]
        assert ["ann", "bob"] == await names(async_client, f"created_after={first['created_at']}")


class TestChange:
    async def test_put_keeps_what_is_not_sent(
        self, async_client: httpx2.AsyncClient, container: ApplicationContainer
    ) -> None:
        """A client that does not know the password can't erase it, nor give a user another role."""
        user = await make_user(async_client, role="admin", is_active=False, password=PASSWORD)
        before = (await stored(container, user["id"])).password_hash
        body = {"email": "new@example.com", "username": "new"}
        shown = (await async_client.put(f"/users/{user['id']}", json=body)).json()
        assert ["new@example.com", "new", False, "admin"] == [
            shown[name] for name in ("email", "username", "is_active", "role")
        ]
        assert before == (await stored(container, user["id"])).password_hash

    async def test_put_replaces_every_value_that_is_sent(
        self, async_client: httpx2.AsyncClient, container: ApplicationContainer
    ) -> None:
        """A null password removes it."""
        user = await make_user(async_client, password=PASSWORD)
        body = {"email": "new@example.com", "username": "new", "is_active": False, "role": "editor", "password": None}
        shown = (await async_client.put(f"/users/{user['id']}", json=body)).json()
        assert ["new@example.com", "new", False, "editor"] == [
            shown[name] for name in ("email", "username", "is_active", "role")
        ]
        assert (await stored(container, user["id"])).password_hash is None

    @pytest.mark.parametrize("name", ["email", "username"])
    async def test_put_needs_what_makes_a_user(self, async_client: httpx2.AsyncClient, name: str) -> None:
        """A body without the email address or the username is refused."""
        user = await make_user(async_client)
        body = {"email": "new@example.com", "username": "new"}
        del body[name]
        problem = problem_of(await async_client.put(f"/users/{user['id']}", json=body), 422)
        assert [f"body.{name}"] == [each["field"] for each in problem["errors"]]

    async def test_patch_changes_what_is_given(
        self, async_client: httpx2.AsyncClient, container: ApplicationContainer
    ) -> None:
        """Omitted fields keep their values, and the time of the change is stored."""
        user = await make_user(async_client, role="admin", password=PASSWORD)
        shown = (await async_client.patch(f"/users/{user['id']}", json={"is_active": False})).json()
        assert user | {"is_active": False, "updated_at": shown["updated_at"]} == shown
        assert user["updated_at"] < shown["updated_at"]
        assert (await stored(container, user["id"])).password_hash is not None

    async def test_patch_takes_a_password_away(
        self, async_client: httpx2.AsyncClient, container: ApplicationContainer
    ) -> None:
        """A null password removes the password."""
        user = await make_user(async_client, password=PASSWORD)
        assert 200 == (await async_client.patch(f"/users/{user['id']}", json={"password": None})).status_code
        assert (await stored(container, user["id"])).password_hash is None

    @pytest.mark.parametrize("name", ["email", "username", "is_active", "role"])
    async def test_patch_refuses_null_elsewhere(self, async_client: httpx2.AsyncClient, name: str) -> None:
        """Null is not the same as an omitted field."""
        user = await make_user(async_client)
        problem = problem_of(await async_client.patch(f"/users/{user['id']}", json={name: None}), 422)
        assert name in problem["errors"][0]["reason"]

    async def test_an_empty_patch_changes_nothing(self, async_client: httpx2.AsyncClient) -> None:
        """An empty change doesn't even update the time of the last change."""
        user = await make_user(async_client)
        assert user == (await async_client.patch(f"/users/{user['id']}", json={})).json()

    async def test_ones_own_name_is_not_taken(self, async_client: httpx2.AsyncClient) -> None:
        """Replacing a user by the same values succeeds."""
        user = await make_user(async_client)
        body = {"email": user["email"], "username": user["username"]}
        assert 200 == (await async_client.put(f"/users/{user['id']}", json=body)).status_code

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    async def test_anothers_name_is_taken(self, async_client: httpx2.AsyncClient, method: str) -> None:
        """A change to a taken name or address is a conflict, and changes nothing."""
        user = await make_user(async_client)
        await make_user(async_client, "bob")
        body = {"email": "new@example.com", "username": "bob"}
        response = await async_client.request(method, f"/users/{user['id']}", json=body)
        assert "username already taken" == problem_of(response, 409)["detail"]
        assert user == (await async_client.get(f"/users/{user['id']}")).json()

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    async def test_nobody_can_be_changed(self, async_client: httpx2.AsyncClient, method: str) -> None:
        """An unknown user is not found, and not created."""
        body = None if method == "DELETE" else {"email": "new@example.com", "username": "new"}
        problem_of(await async_client.request(method, "/users/99", json=body), 404)
        assert [] == await names(async_client, "")


class TestDelete:
    async def test_posts_go_along(self, async_client: httpx2.AsyncClient) -> None:
        """A deleted user's posts are deleted too."""
        user = await make_user(async_client)
        post = await make_post(async_client, user["id"])
        response = await async_client.delete(f"/users/{user['id']}")
        assert (204, b"") == (response.status_code, response.content)
        problem_of(await async_client.get(f"/users/{user['id']}"), 404)
        problem_of(await async_client.get(f"/posts/{post['id']}"), 404)

    async def test_an_owner_of_accounts_stays(self, async_client: httpx2.AsyncClient) -> None:
        """A user who owns accounts can't be deleted."""
        user = await make_user(async_client)
        await made(async_client, "/accounts/", owner_id=user["id"])
        response = await async_client.delete(f"/users/{user['id']}")
        assert f"user {user['id']} has accounts" == problem_of(response, 409)["detail"]
        assert 200 == (await async_client.get(f"/users/{user['id']}")).status_code

    async def test_an_id_never_comes_again(self, async_client: httpx2.AsyncClient) -> None:
        """A link to a deleted user never leads to another user."""
        gone = await make_user(async_client)
        await async_client.delete(f"/users/{gone['id']}")
        assert gone["id"] < (await make_user(async_client, "bob"))["id"]
        problem_of(await async_client.get(f"/users/{gone['id']}"), 404)


class TestPostsOfUser:
    async def test_list_has_the_posts_of_one_user(self, async_client: httpx2.AsyncClient) -> None:
        """Other people's posts are left out, in the list and in the total."""
        ann, bob = [(await make_user(async_client, name))["id"] for name in ("ann", "bob")]
        for title in ("one", "two", "three"):
            await make_post(async_client, ann, title)
            await make_post(async_client, bob, f"not {title}")
        page = (await async_client.get(f"/users/{ann}/posts?sort=-title&limit=2")).json()
        assert (["two", "three"], 3) == ([post["title"] for post in page["items"]], page["total"])

    async def test_nobody_has_none(self, async_client: httpx2.AsyncClient) -> None:
        """The list of an unknown user's posts is a 404, and not empty."""
        problem_of(await async_client.get("/users/99/posts"), 404)
