"""Usernames that look alike are the same one, over HTTP."""

import asyncio

import httpx2
import pytest
from sqlalchemy import insert, select

from app.models import User
from app.seeding import seed_users
from containers import ApplicationContainer, scope
from tests.app.http.making import make_user, problem_of

pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]

FULL_WIDTH = "\uff41\uff4e\uff4e"
ALIKE = ["ANN", "aNN", FULL_WIDTH, "\uff21\uff2e\uff2e", "a\u200dnn"]


@pytest.mark.parametrize("name", ALIKE, ids=ascii)
class TestAlike:
    async def test_alike_username_is_taken(self, async_client: httpx2.AsyncClient, name: str) -> None:
        """Capitals, wide letters and invisible characters don't make another username."""
        await make_user(async_client, "Ann")
        response = await async_client.post("/users/", json={"email": "other@example.com", "username": name})
        assert "username already taken" == problem_of(response, 409)["detail"]

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    async def test_a_change_to_it_is_refused(self, async_client: httpx2.AsyncClient, method: str, name: str) -> None:
        """A change to such a name is refused too."""
        await make_user(async_client, "Ann")
        bob = await make_user(async_client, "bob")
        body = {"email": bob["email"], "username": name}
        response = await async_client.request(method, f"/users/{bob['id']}", json=body)
        assert "username already taken" == problem_of(response, 409)["detail"]
        assert bob == (await async_client.get(f"/users/{bob['id']}")).json()

    async def test_filter_finds_alike_usernames(self, async_client: httpx2.AsyncClient, name: str) -> None:
        """The filter compares names by the same rule, and the list shows them as they were written."""
        ann = await make_user(async_client, "Ann")
        await make_user(async_client, "Anna")
        found = (await async_client.get("/users/", params={"username": name})).json()["items"]
        assert [ann] == found
        assert "Ann" == ann["username"]

    async def test_users_may_change_the_spelling_of_their_own_name(
        self, async_client: httpx2.AsyncClient, name: str
    ) -> None:
        """Users may change how their own name is written."""
        ann = await make_user(async_client, "Ann")
        response = await async_client.patch(f"/users/{ann['id']}", json={"username": name})
        assert (200, name) == (response.status_code, response.json()["username"])
        problem_of(await async_client.post("/users/", json={"email": "b@example.com", "username": "ann"}), 409)


class TestChange:
    async def test_a_name_that_was_given_up_is_free(self, async_client: httpx2.AsyncClient) -> None:
        """A name that a user gave up can be taken by another user."""
        ann = await make_user(async_client, "Ann")
        await async_client.patch(f"/users/{ann['id']}", json={"username": "cleo"})
        assert "ANN" == (await make_user(async_client, "ANN", email="other@example.com"))["username"]
        assert ["cleo"] == [
            user["username"] for user in (await async_client.get("/users/?username=CLEO")).json()["items"]
        ]

    async def test_of_many_spellings_at_once_one_is_made(self, async_client: httpx2.AsyncClient) -> None:
        """The database's constraint decides, not an earlier check."""
        bodies = [{"email": f"a{number}@example.com", "username": name} for number, name in enumerate(ALIKE * 3)]
        responses = await asyncio.gather(*(async_client.post("/users/", json=body) for body in bodies))
        assert [201] + [409] * 14 == sorted(response.status_code for response in responses)
        assert {"username already taken"} == {
            response.json()["detail"] for response in responses if response.status_code == 409
        }


class TestRows:
    def test_an_insert_statement_fills_the_key(self, container: ApplicationContainer) -> None:
        """INSERT statements of one or many rows set the key without the ORM too."""
        with container.database.engine().begin() as connection:
            rows = [{"email": f"{name}@example.com", "username": name} for name in ("ANN", "Bob")]
            connection.execute(insert(User), rows)
            connection.execute(insert(User).values(email="c@example.com", username="Cleo"))
            keys = select(User.username_key).order_by(User.id)
            assert ["ann", "bob", "cleo"] == list(connection.scalars(keys))

    def test_seeding_knows_a_user_by_another_spelling(self, container: ApplicationContainer) -> None:
        """Seeding keeps an existing user whose name is spelled differently."""
        with scope():
            session = container.database.session()
            session.add(User(email="mine@example.com", username="SEED2"))
            session.commit()
        assert [3] == list(seed_users(container.database.engine(), 3))
        with scope():
            names = container.database.session().scalars(select(User.username).order_by(User.username))
            assert ["SEED2", "seed1", "seed3"] == list(names)
