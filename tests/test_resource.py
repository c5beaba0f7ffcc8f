"""A resource with the library and its twin in the usual style do the same, and the first is not longer."""

import re
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.count.lines import code_lines, resource_lines
from config import DatabaseSettings, Settings
from containers import close_container
from examples.resource.ours import authors as ours
from examples.resource.ours import main as our_main
from examples.resource.ours.container import ApplicationContainer
from examples.resource.plain import database as plain
from examples.resource.plain import main as plain_main
from sessionscope.database.engine import build_async_engine
from sessionscope.testing.targets import Target
from tests.guides.blocks import blocks_of

pytestmark = pytest.mark.isolation("none")

ROOT: Final = Path(__file__).resolve().parents[1]
BOOK: Final[dict[str, Any]] = {"title": "Emma", "isbn": "9780000000001", "author_id": 1}
OTHER: Final[dict[str, Any]] = {"title": "Middlemarch", "isbn": "9780000000002", "author_id": 2}


async def create_tables(engine: AsyncEngine, base: Any, author: Any) -> None:
    """Create the tables and two authors."""
    async with engine.begin() as connection:
        await connection.run_sync(base.metadata.create_all)
        await connection.execute(insert(author), [{"name": "Jane Austen"}, {"name": "George Eliot"}])


async def drop_tables(engine: AsyncEngine, base: Any) -> None:
    """Drop the tables."""
    async with engine.begin() as connection:
        await connection.run_sync(base.metadata.drop_all)


@asynccontextmanager
async def our_client(settings: DatabaseSettings) -> AsyncGenerator[httpx2.AsyncClient, None]:
    """Yield a client of the resource with the library."""
    container = ApplicationContainer(settings=Settings(database=settings))
    await create_tables(container.database.async_engine(), ours.Base, ours.Author)
    transport = httpx2.ASGITransport(our_main.create_app(container))
    async with httpx2.AsyncClient(transport=transport, base_url="http://library") as client:
        yield client
    await drop_tables(container.database.async_engine(), ours.Base)
    await close_container(container)


@asynccontextmanager
async def plain_client(settings: DatabaseSettings) -> AsyncGenerator[httpx2.AsyncClient, None]:
    """Yield a client of the resource in the usual style."""
    engine = build_async_engine(settings)
    await create_tables(engine, plain.Base, plain.Author)
    transport = httpx2.ASGITransport(plain_main.create_app(engine))
    async with httpx2.AsyncClient(transport=transport, base_url="http://library") as client:
        yield client
    await drop_tables(engine, plain.Base)
    await engine.dispose()


@pytest.fixture(params=[our_client, plain_client], ids=["ours", "plain"])
async def client(request: pytest.FixtureRequest, target: Target, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client of either resource, on an empty database with two authors."""
    url = f"sqlite:///{tmp_path}/books.db"
    if target.url is not None:
        url = target.url.render_as_string(hide_password=False)
    async with request.param(DatabaseSettings(url=url)) as made:
        yield made


async def create(client: httpx2.AsyncClient, **values: Any) -> Any:
    """Create a book and return its response."""
    response = await client.post("/books/", json=BOOK | values)
    assert 201 == response.status_code, response.text
    return response.json()


@pytest.mark.every_database
class TestBehaviour:
    async def test_book_is_created_shown_changed_and_deleted(self, client: httpx2.AsyncClient) -> None:
        """Each response has the author's name, which is in another table."""
        created = await client.post("/books/", json=BOOK)
        book = created.json()
        assert (201, f"/books/{book['id']}") == (created.status_code, created.headers["Location"])
        assert {"id", "title", "isbn", "author", "created_at", "updated_at"} == book.keys()
        assert ("Emma", {"id": 1, "name": "Jane Austen"}) == (book["title"], book["author"])
        place = created.headers["Location"]
        shown = (await client.get(place)).json()
        assert (book["isbn"], book["author"]) == (shown["isbn"], shown["author"])
        changed = (await client.patch(place, json={"author_id": 2})).json()
        assert ("Emma", {"id": 2, "name": "George Eliot"}) == (changed["title"], changed["author"])
        # Not later: on MariaDB, the twin's timestamps have whole seconds.
        assert book["updated_at"] <= changed["updated_at"]
        assert 204 == (await client.delete(place)).status_code
        assert 404 == (await client.get(place)).status_code

    @pytest.mark.parametrize(
        ("query", "titles", "total"),
        [
            ("", ["Emma", "Persuasion", "Middlemarch", "Emma"], 4),
            ("title=Emma", ["Emma", "Emma"], 2),
            ("author_id=1", ["Emma", "Persuasion"], 2),
            ("author_id=2&title=Emma", ["Emma"], 1),
            ("created_after=2100-01-01T00:00:00Z", [], 0),
            ("sort=-title&limit=2&offset=1", ["Middlemarch", "Emma"], 4),
            ("sort=-id&limit=1", ["Emma"], 4),
            ("offset=4", [], 4),
        ],
    )
    async def test_list_is_filtered_sorted_and_cut_into_pages(
        self, client: httpx2.AsyncClient, query: str, titles: list[str], total: int
    ) -> None:
        """A book has to match all filters; the total counts all of those that do."""
        await create(client)
        await create(client, title="Persuasion", isbn="9780000000003")
        await create(client, **OTHER)
        await create(client, isbn="9780000000004", author_id=2)
        page = (await client.get(f"/books/?{query}")).json()
        assert (titles, total) == ([book["title"] for book in page["items"]], page["total"])
        assert {"items", "total", "limit", "offset"} == page.keys()
        assert all(book["author"]["name"] for book in page["items"])

    async def test_isbn_of_another_book_is_a_conflict(self, client: httpx2.AsyncClient) -> None:
        """Nothing is stored, and the text says why."""
        await create(client)
        other = await create(client, **OTHER)
        refused = await client.post("/books/", json=BOOK | {"title": "Another"})
        assert (409, "a book with this ISBN exists") == (refused.status_code, refused.json()["detail"])
        refused = await client.patch(f"/books/{other['id']}", json={"isbn": BOOK["isbn"]})
        assert (409, "a book with this ISBN exists") == (refused.status_code, refused.json()["detail"])
        page = (await client.get("/books/")).json()
        assert [BOOK["isbn"], OTHER["isbn"]] == [book["isbn"] for book in page["items"]]

    async def test_unknown_author_is_a_conflict(self, client: httpx2.AsyncClient) -> None:
        """A book needs an author, when it is created and when it is changed."""
        book = await create(client)
        created = await client.post("/books/", json=OTHER | {"author_id": 9})
        changed = await client.patch(f"/books/{book['id']}", json={"author_id": 9})
        for refused in (created, changed):
            assert (409, "there is no such author") == (refused.status_code, refused.json()["detail"])
        assert 1 == (await client.get("/books/")).json()["total"]

    @pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
    async def test_unknown_book_is_not_found(self, client: httpx2.AsyncClient, method: str) -> None:
        """The text names the book."""
        response = await client.request(method, "/books/7", json={"title": "Emma"} if method == "PATCH" else None)
        assert (404, "there is no book 7") == (response.status_code, response.json()["detail"])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/books/", BOOK | {"isbn": "1"}),
        ("POST", "/books/", {"title": "Emma"}),
        ("PATCH", "/books/1", {"title": ""}),
        ("PATCH", "/books/1", {"title": None}),
        ("GET", "/books/?sort=isbn", None),
        ("GET", "/books/?limit=501", None),
        ("GET", "/books/x", None),
    ],
    ids=["form", "missing", "empty", "null", "sort", "limit", "id"],
)
async def test_wrong_values_are_refused(client: httpx2.AsyncClient, method: str, path: str, body: Any) -> None:
    """A value that the schema doesn't allow is a 422."""
    assert 422 == (await client.request(method, path, json=body)).status_code


class TestCount:
    def test_resource_takes_at_most_95_lines_and_about_those_of_its_twin(self) -> None:
        """The limits are 95 lines of code, and 1.3 times the twin's."""
        ours, plain = (resource_lines(ROOT / "examples" / "resource" / style, "books") for style in ("ours", "plain"))
        assert len(ours) <= 95
        assert len(ours) <= 1.3 * len(plain)

    def test_first_resource_of_the_guide_takes_at_most_95_lines(self) -> None:
        """What a reader writes, with the lines that connect it, but without its tests."""
        blocks = blocks_of(ROOT / "docs" / "guides" / "first_resource.md")
        files = [block.text for block in blocks if (block.title or "").startswith("app/")]
        added = re.findall(
            r"^\+(?!\+)(.+)$", "\n".join(block.text for block in blocks if block.language == "diff"), re.MULTILINE
        )
        assert (4, 8) == (len(files), len(added))
        connecting = [line for line in added if not line.startswith("from ")]
        assert sum(len(code_lines(text)) for text in files) + len(connecting) <= 95

    def test_count_leaves_out_blank_lines_comments_imports_and_docstrings(self) -> None:
        """Each line of a statement counts, and each line of a text in it."""
        source = '''"""Module."""

from a import (
    b,
)
import c

# A comment.
NAMES = [  # of b
    b,

    c,
]
TEXT = """one

three"""


def d() -> None:
    """Do it.

    In two paragraphs.
    """
    return b
'''
        assert 9 == len(code_lines(source)), code_lines(source)

    def test_lines_in_other_files_count_if_they_name_the_resource(self, tmp_path: Path) -> None:
        """They are the price of a resource too."""
        (tmp_path / "books").mkdir()
        (tmp_path / "books" / "model.py").write_text("import a\nB = 1\n")
        (tmp_path / "main.py").write_text("from books import B\n\nBooksDep = B\nOTHER = 2\n")
        assert ["B = 1", "BooksDep = B"] == resource_lines(tmp_path, "books")

    def test_command_prints_both_counts(self) -> None:
        """`make count` runs it."""
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.count"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert ["with", "in", "ratio"] == [line.split()[0] for line in done.stdout.splitlines()]
