"""Notes over HTTP."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from httpx2 import AsyncClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Note
from app.notes.schemas import NoteOut, NoteQuery
from sessionscope.reading.schemas import Page
from sessionscope.testing.overrides import Override
from sessionscope.testing.queries import QueryLog

MILK = {"title": "Milk", "content": "Two bottles."}


# The drivers for MySQL are not in requirements/: the extra `mysql` in pyproject.toml adds them.
@pytest.mark.every_database(but=["mysql"])
class TestOnEveryDatabase:
    async def test_note_is_created_shown_changed_and_deleted(self, async_client: AsyncClient) -> None:
        """The response to POST names the place of the new note."""
        created = await async_client.post("/notes/", json=MILK)
        place = created.headers["Location"]
        assert (201, f"/notes/{created.json()['id']}") == (created.status_code, place)
        assert created.json() == (await async_client.get(place)).json()
        changed = (await async_client.patch(place, json={"title": "Bread"})).json()
        assert (changed["title"], changed["content"]) == ("Bread", "Two bottles.")
        replaced = (await async_client.put(place, json=MILK)).json()
        assert (replaced["title"], replaced["content"]) == ("Milk", "Two bottles.")
        assert (await async_client.delete(place)).status_code == 204
        assert (await async_client.get(place)).status_code == 404

    async def test_list_is_filtered_sorted_and_cut_into_pages(self, async_client: AsyncClient) -> None:
        """The total counts the notes that match, on this page or not."""
        for title in ("b", "a", "c", "a"):
            await async_client.post("/notes/", json={"title": title, "content": ""})
        page = (await async_client.get("/notes/?sort=-title&limit=2&offset=1")).json()
        assert ([note["title"] for note in page["items"]], page["total"]) == (["b", "a"], 4)
        assert (await async_client.get("/notes/?title=a")).json()["total"] == 2
        assert (await async_client.get("/notes/?created_after=2100-01-01T00:00:00Z")).json()["total"] == 0


class TestRolledBack:
    """The kit runs each test in a transaction, which it rolls back."""

    async def test_note_is_stored(self, async_client: AsyncClient, session: Session) -> None:
        """What the service commits can be seen in the test's own session."""
        await async_client.post("/notes/", json=MILK)
        assert session.scalar(select(func.count()).select_from(Note)) == 1

    def test_next_test_sees_no_note(self, session: Session) -> None:
        """The tests may run in any order."""
        assert session.scalar(select(func.count()).select_from(Note)) == 0


async def test_list_takes_one_query(
    async_client: AsyncClient, query_log: Callable[[], AbstractContextManager[QueryLog]]
) -> None:
    """The number of queries doesn't depend on the number of notes."""
    for title in ("one", "two", "three"):
        await async_client.post("/notes/", json={"title": title, "content": ""})
    with query_log() as log:
        assert len((await async_client.get("/notes/")).json()["items"]) == 3
    log.assert_max_queries(1)


class FakeNotes:
    """Shows an empty page of seven notes."""

    async def page(self, query: NoteQuery) -> Page[NoteOut]:
        """Return the page."""
        return Page[NoteOut](items=[], total=7, limit=query.limit, offset=query.offset)


async def test_total_is_shown(override: Override, async_client: AsyncClient) -> None:
    """An override replaces a provider until the test ends."""
    override("notes", FakeNotes())
    assert (await async_client.get("/notes/")).json()["total"] == 7


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "", "content": ""}, "body.title"),
        ({"title": "Milk"}, "body.content"),
        (MILK | {"colour": "red"}, "body.colour"),
        (MILK | {"content": "\0"}, "body.content"),
    ],
    ids=["empty", "missing", "unknown", "NUL"],
)
async def test_wrong_values_are_named(async_client: AsyncClient, body: dict[str, str], field: str) -> None:
    """A wrong body gets a problem (RFC 9457) that lists each wrong field."""
    response = await async_client.post("/notes/", json=body)
    assert (422, [field]) == (response.status_code, [error["field"] for error in response.json()["errors"]])


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_unknown_note_is_not_found(async_client: AsyncClient, method: str) -> None:
    """The problem says what is missing."""
    body = {"GET": None, "PUT": MILK, "PATCH": {"title": "Bread"}, "DELETE": None}[method]
    response = await async_client.request(method, "/notes/7", json=body)
    assert (response.status_code, response.json()["detail"]) == (404, "there is no note 7")
