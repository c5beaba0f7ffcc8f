"""Clients see names such as createdAt, and the service's own code the names of fields."""

from collections.abc import Callable, Generator
from typing import Annotated, Any, Literal, TypeVar, cast

import pytest
from fastapi import FastAPI, Query
from fastapi.testclient import TestClient
from pydantic import ValidationError
from sqlalchemy import Connection, ForeignKey, StaticPool, bindparam, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from sessionscope.database.reads import AsyncReads
from sessionscope.fastapi.error_handlers import install_problems
from sessionscope.fastapi.problems import problems
from sessionscope.reading.projections import Projection
from sessionscope.reading.schemas import CamelCase, Page, PageQuery, Patch, RequestBody, ResponseBody

pytestmark = pytest.mark.isolation("none")

T = TypeVar("T")


class Base(DeclarativeBase):
    """A base of its own."""


class Author(Base):
    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    last_name: Mapped[str]


class Book(Base):
    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    full_title: Mapped[str]
    page_count: Mapped[int]
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    main_author: Mapped[Author] = relationship()


class BookIn(CamelCase, RequestBody):
    full_title: str
    page_count: int = 0


class BookPatch(CamelCase, Patch):
    clearable = frozenset({"sub_title"})

    full_title: str | None = None
    sub_title: str | None = None


class AuthorOut(CamelCase, ResponseBody):
    last_name: str


class BookOut(CamelCase, ResponseBody):
    id: int
    full_title: str
    page_count: int
    main_author: AuthorOut


class BookQuery(CamelCase, PageQuery):
    full_title: str | None = None
    sort: Literal["id", "pageCount", "-pageCount"] = "id"


BOOKS = Projection(Book, BookOut, filters={"full_title": Book.full_title == bindparam("full_title")})
SHORT = {"id": 1, "fullTitle": "Short", "pageCount": 10, "mainAuthor": {"lastName": "Eliot"}}
LONG = {"id": 2, "fullTitle": "Long", "pageCount": 900, "mainAuthor": {"lastName": "Eliot"}}


class Reads:
    """Reads from one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Return what *work* reads."""
        return work(self._connection)


@pytest.fixture(name="client")
def _client() -> Generator[TestClient, None, None]:
    """Give a client of an application with two books."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        eliot = Author(last_name="Eliot")
        session.add_all(
            Book(full_title=title, page_count=count, main_author=eliot)
            for title, count in (("Short", 10), ("Long", 900))
        )
    app = FastAPI()
    install_problems(app)
    with engine.connect() as connection:
        reads = cast("AsyncReads", Reads(connection))

        @app.get("/books/", responses=problems())
        async def page(query: Annotated[BookQuery, Query()]) -> Page[BookOut]:
            return await BOOKS.page(reads, query)

        @app.get("/books/{key}", responses=problems())
        async def show(key: int) -> BookOut | None:
            return await BOOKS.get(reads, key)

        @app.post("/books/", responses=problems())
        async def create(data: BookIn) -> dict[str, Any]:
            return data.model_dump()

        @app.patch("/books/", responses=problems())
        async def update(data: BookPatch) -> dict[str, Any]:
            return data.model_dump(exclude_unset=True)

        yield TestClient(app)
    engine.dispose()


class TestResponses:
    def test_responses_have_the_clients_names(self, client: TestClient) -> None:
        """A response inside another one has them too."""
        assert SHORT == client.get("/books/1").json()

    def test_order_and_filters_have_the_clients_names(self, client: TestClient) -> None:
        """A query names fields as responses do."""
        assert [LONG, SHORT] == client.get("/books/?sort=-pageCount").json()["items"]
        assert [SHORT, LONG] == client.get("/books/?sort=pageCount").json()["items"]
        assert [LONG] == client.get("/books/?fullTitle=Long").json()["items"]

    def test_response_is_made_of_a_mapped_object(self) -> None:
        """By the names of its attributes."""
        book = Book(id=1, full_title="Short", page_count=10, main_author=Author(last_name="Eliot"))
        assert SHORT == BookOut.model_validate(book).model_dump(by_alias=True)
        assert BookOut.model_validate(book) == BookOut.model_validate(SHORT)


class TestRequests:
    def test_service_sees_the_names_of_fields(self, client: TestClient) -> None:
        """What a mapped class takes."""
        body = {"fullTitle": "Short", "pageCount": 10}
        assert {"full_title": "Short", "page_count": 10} == client.post("/books/", json=body).json()
        assert {"sub_title": None} == client.patch("/books/", json={"subTitle": None}).json()
        assert "Short" == BookIn.model_validate({"full_title": "Short"}, by_name=True).full_title

    @pytest.mark.parametrize(
        ("method", "path", "body", "fields"),
        [
            ("POST", "/books/", {"full_title": "Short"}, ["body.fullTitle", "body.full_title"]),
            ("POST", "/books/", {"fullTitle": "Short", "pageCount": "x"}, ["body.pageCount"]),
            ("GET", "/books/?full_title=Short", None, ["query.full_title"]),
            ("GET", "/books/?sort=page_count", None, ["query.sort"]),
        ],
        ids=["other name", "type", "filter", "order"],
    )
    def test_wrong_value_has_the_clients_name(
        self, client: TestClient, method: str, path: str, body: Any, fields: list[str]
    ) -> None:
        """The other spelling is an unknown field."""
        response = client.request(method, path, json=body)
        assert (422, fields) == (response.status_code, [error["field"] for error in response.json()["errors"]])

    def test_null_is_refused_by_the_clients_name(self) -> None:
        """Only what is clearable may be null."""
        with pytest.raises(ValidationError, match="fullTitle can't be null"):
            BookPatch.model_validate({"fullTitle": None})


def test_openapi_document_has_the_clients_names(client: TestClient) -> None:
    """And null only where it is taken."""
    document: Any = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert ["id", "fullTitle", "pageCount", "mainAuthor"] == list(schemas["BookOut"]["properties"])
    assert {"fullTitle", "subTitle"} == schemas["BookPatch"]["properties"].keys()
    assert "string" == schemas["BookPatch"]["properties"]["fullTitle"]["type"]
    assert {"type": "null"} in schemas["BookPatch"]["properties"]["subTitle"]["anyOf"]
    parameters = [each["name"] for each in document["paths"]["/books/"]["get"]["parameters"]]
    assert ["limit", "offset", "fullTitle", "sort"] == parameters
