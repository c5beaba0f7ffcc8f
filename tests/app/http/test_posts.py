"""Posts over HTTP."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine, event

from tests.app.http.making import made, make_post, make_user, problem_of

# These tests need real engines and pools, because they test transactions, concurrency and failures.
pytestmark = [pytest.mark.every_database, pytest.mark.isolation("database")]


@contextmanager
def statements() -> Generator[list[str], None, None]:
    """Collect the statements that any engine sends during the test."""
    seen: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", see)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", see)


async def titles(client: httpx2.AsyncClient, query: str) -> list[str]:
    """Return the titles of the list, in its order."""
    response = await client.get(f"/posts/?{query}")
    assert 200 == response.status_code, response.text
    return [post["title"] for post in response.json()["items"]]


class TestCreate:
    async def test_response_shows_the_author(self, async_client: httpx2.AsyncClient) -> None:
        """The response contains the post with its author, and the post's location."""
        user = await make_user(async_client)
        body = {"title": "On sessions", "content": "One per request.", "author_id": user["id"]}
        response = await async_client.post("/posts/", json=body)
        post = response.json()
        assert body == {name: post[name] for name in body}
        assert {"id": user["id"], "username": "ann"} == post["author"]
        assert post == (await async_client.get(response.headers["location"])).json()

    async def test_an_author_must_exist(self, async_client: httpx2.AsyncClient) -> None:
        """A post whose author doesn't exist is a conflict."""
        response = await async_client.post("/posts/", json={"title": "t", "content": "c", "author_id": 99})
        assert "there is no user 99 to be the author" == problem_of(response, 409)["detail"]

    @pytest.mark.parametrize(
        "text",
        ["'; DROP TABLE posts; --", "😀" * 200, "\u202eright to left", "a\nb\r\n\tc", "%_\\", "<script>", "\ufffe"],
        ids=ascii,
    )
    async def test_any_text_comes_back_as_it_was(self, async_client: httpx2.AsyncClient, text: str) -> None:
        """Any text is only data, whatever it contains."""
        user = await make_user(async_client)
        post = await made(async_client, "/posts/", title=text, content=text, author_id=user["id"])
        assert (text, text) == (post["title"], post["content"])
        assert [text] == [each["title"] for each in (await async_client.get("/posts/")).json()["items"]]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"title": ""},
            {"title": "x" * 201},
            {"title": "a\0b"},
            {"title": None},
            {"content": "a\0b"},
            {"content": "x" * 100_001},
            {"content": ["list"]},
            {"author_id": 0},
            {"author_id": 2**31},
            {"author_id": 2**70},
            {"author_id": 1.5},
            {"author_id": None},
            {"author": {"id": 1}},
        ],
        ids=lambda wrong: str(wrong)[:40],
    )
    async def test_a_wrong_value_is_named(self, async_client: httpx2.AsyncClient, wrong: dict[str, Any]) -> None:
        """The response names the field, and nothing is stored."""
        user = await make_user(async_client)
        body = {"title": "t", "content": "c", "author_id": user["id"]} | wrong
        problem = problem_of(await async_client.post("/posts/", json=body), 422)
        assert [f"body.{name}" for name in wrong] == [each["field"] for each in problem["errors"]]
        assert [] == await titles(async_client, "")

    @pytest.mark.parametrize("field", ["title", "content"])
    async def test_half_a_character_is_refused(self, async_client: httpx2.AsyncClient, field: str) -> None:
        r"""JSON can write a lone surrogate, ``\ud800``, which no database stores."""
        values = {"title": '"t"', "content": '"c"', "author_id": "1"} | {field: '"\\ud800"'}
        body = ", ".join(f'"{name}": {value}' for name, value in values.items())
        response = await async_client.post(
            "/posts/", content=f"{{{body}}}", headers={"content-type": "application/json"}
        )
        assert [f"body.{field}"] == [each["field"] for each in problem_of(response, 422)["errors"]]


class TestList:
    @pytest.fixture(autouse=True)
    async def posts(self, async_client: httpx2.AsyncClient) -> None:
        """Make three posts of two users."""
        ann, bob = [(await make_user(async_client, name))["id"] for name in ("ann", "bob")]
        await make_post(async_client, ann, "same")
        await make_post(async_client, bob, "other")
        await make_post(async_client, ann, "same")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", "same other same"),
            ("sort=title", "other same same"),
            ("sort=-title", "same same other"),
            ("sort=-created_at", "same other same"),
            ("title=same", "same same"),
            ("author_id=2", "other"),
            ("author_id=2&title=same", ""),
            ("created_after=9999-12-31T00:00:00Z", ""),
            ("limit=1&offset=1", "other"),
            ("limit=50", "same other same"),
        ],
    )
    async def test_list_filters_and_sorts(self, async_client: httpx2.AsyncClient, query: str, expected: str) -> None:
        """A post has to match all filters. A leading minus reverses the order."""
        assert expected.split() == await titles(async_client, query)

    @pytest.mark.parametrize("path", ["/posts/", "/users/1/posts"])
    async def test_a_list_of_posts_is_short(self, async_client: httpx2.AsyncClient, path: str) -> None:
        """Each post in it has its content, of up to 400 kB."""
        problem = problem_of(await async_client.get(f"{path}?limit=51"), 422)
        assert ["query.limit"] == [each["field"] for each in problem["errors"]]

    @pytest.mark.parametrize("sort", ["title", "-title"])
    async def test_equal_titles_are_ordered_by_id(self, async_client: httpx2.AsyncClient, sort: str) -> None:
        """The order is the same each time, in both directions."""
        items = (await async_client.get(f"/posts/?sort={sort}&title=same")).json()["items"]
        assert [1, 3] == [post["id"] for post in items]

    async def test_authors_cost_no_statement_each(self, async_client: httpx2.AsyncClient) -> None:
        """A list takes one statement, for the rows with their authors and for the total."""
        for name in ("cleo", "dan", "eve"):
            await make_post(async_client, (await make_user(async_client, name))["id"])
        with statements() as seen:
            items = (await async_client.get("/posts/")).json()["items"]
        assert {"ann", "bob", "cleo", "dan", "eve"} == {post["author"]["username"] for post in items}
        assert 1 == len(seen)

    async def test_one_post_costs_one_statement(self, async_client: httpx2.AsyncClient) -> None:
        """The author comes with the post, and a read needs no BEGIN."""
        with statements() as seen:
            await async_client.get("/posts/1")
        assert 1 == len(seen)


class TestChange:
    async def test_put_replaces_every_value(self, async_client: httpx2.AsyncClient) -> None:
        """The author may change too, and is shown."""
        ann, bob = [await make_user(async_client, name) for name in ("ann", "bob")]
        post = await make_post(async_client, ann["id"])
        body = {"title": "new", "content": "", "author_id": bob["id"]}
        shown = (await async_client.put(f"/posts/{post['id']}", json=body)).json()
        assert body | {"author": {"id": bob["id"], "username": "bob"}} == {
            name: shown[name] for name in (*body, "author")
        }
        assert shown == (await async_client.get(f"/posts/{post['id']}")).json()

    async def test_patch_changes_what_is_given(self, async_client: httpx2.AsyncClient) -> None:
        """Omitted fields keep their values."""
        post = await make_post(async_client, (await make_user(async_client))["id"])
        shown = (await async_client.patch(f"/posts/{post['id']}", json={"title": "new"})).json()
        assert post | {"title": "new", "updated_at": shown["updated_at"]} == shown
        assert post["updated_at"] < shown["updated_at"]

    @pytest.mark.parametrize("name", ["title", "content", "author_id"])
    async def test_patch_refuses_null(self, async_client: httpx2.AsyncClient, name: str) -> None:
        """Null is not the same as an omitted field."""
        post = await make_post(async_client, (await make_user(async_client))["id"])
        problem_of(await async_client.patch(f"/posts/{post['id']}", json={name: None}), 422)

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    async def test_a_new_author_must_exist(self, async_client: httpx2.AsyncClient, method: str) -> None:
        """A change to an unknown author is a conflict, and changes nothing."""
        post = await make_post(async_client, (await make_user(async_client))["id"])
        body = {"title": "new", "content": "c", "author_id": 99}
        problem_of(await async_client.request(method, f"/posts/{post['id']}", json=body), 409)
        assert post == (await async_client.get(f"/posts/{post['id']}")).json()

    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
    async def test_an_unknown_post_is_not_found(self, async_client: httpx2.AsyncClient, method: str) -> None:
        """The detail says what is missing."""
        body = {"title": "new", "content": "c", "author_id": 1} if method in ("PUT", "PATCH") else None
        response = await async_client.request(method, "/posts/99", json=body)
        assert "there is no post 99" == problem_of(response, 404)["detail"]

    async def test_an_id_never_comes_again(self, async_client: httpx2.AsyncClient) -> None:
        """A link to a deleted post never leads to another post."""
        ann = await make_user(async_client)
        gone = await make_post(async_client, ann["id"])
        await async_client.delete(f"/posts/{gone['id']}")
        assert gone["id"] < (await make_post(async_client, ann["id"]))["id"]

    async def test_a_deleted_one_is_gone(self, async_client: httpx2.AsyncClient) -> None:
        """The post is deleted, and its author stays."""
        user = await make_user(async_client)
        post = await make_post(async_client, user["id"])
        assert 204 == (await async_client.delete(f"/posts/{post['id']}")).status_code
        problem_of(await async_client.get(f"/posts/{post['id']}"), 404)
        assert 200 == (await async_client.get(f"/users/{user['id']}")).status_code
