"""Projections: rows become responses, with those of related rows and with computed values."""

from collections.abc import Callable, Generator
from functools import partial
from typing import Annotated, Any, TypeVar, cast

import pytest
from pydantic import Field
from sqlalchemy import Connection, ForeignKey, StaticPool, bindparam, create_engine, event, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from sessionscope.database.reads import AsyncReads
from sessionscope.reading.projections import Projection
from sessionscope.reading.schemas import PageQuery, ResponseBody

T = TypeVar("T")


class Base(DeclarativeBase):
    pass


class City(Base):
    __tablename__ = "cities"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Person(Base):
    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    city_id: Mapped[int] = mapped_column(ForeignKey("cities.id"))
    city: Mapped[City] = relationship()
    letters: Mapped[list["Letter"]] = relationship(foreign_keys="Letter.sender_id", back_populates="sender")


class Letter(Base):
    __tablename__ = "letters"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    sender_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    reader_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    sender: Mapped[Person] = relationship(foreign_keys=sender_id, back_populates="letters")
    reader: Mapped[Person | None] = relationship(foreign_keys=reader_id)


class CityOut(ResponseBody):
    name: str


class PersonOut(ResponseBody):
    name: str
    city: CityOut


class LetterOut(ResponseBody):
    id: int
    sender: PersonOut
    reader: PersonOut | None
    text: str
    length: int


class LetterQuery(PageQuery):
    city: str | None = None
    sort: Annotated[str, Field()] = "id"


class WriterOut(ResponseBody):
    name: str
    letters: list[LetterOut]


class AnsweredOut(ResponseBody):
    reader: PersonOut


LETTERS = Projection(
    Letter,
    LetterOut,
    filters={"city": Letter.sender.has(Person.city.has(City.name == bindparam("city")))},
    computed={"length": func.length(Letter.text)},
)
ANN = {"name": "Ann", "city": {"name": "Oslo"}}
BOB = {"name": "Bob", "city": {"name": "Rome"}}


class Reads:
    """Reads from one connection, and counts the statements."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.count = 0
        event.listen(connection, "before_cursor_execute", self._see)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Return what *work* reads."""
        return work(self._connection)

    def _see(self, *_: Any) -> None:
        self.count += 1


@pytest.fixture(name="reads")
def _reads() -> Generator[AsyncReads, None, None]:
    """Give a database with three letters."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        ann, bob = Person(name="Ann", city=City(name="Oslo")), Person(name="Bob", city=City(name="Rome"))
        letters = [("Hello", ann, bob), ("To nobody", bob, None), ("Hi", bob, ann)]
        session.add_all(Letter(text=text, sender=sender, reader=reader) for text, sender, reader in letters)
    with engine.connect() as connection:
        yield cast("AsyncReads", Reads(connection))
    engine.dispose()


class TestGet:
    async def test_response_has_related_rows_and_computed_values(self, reads: AsyncReads) -> None:
        """Related rows at any depth, even two of one table, are read in one statement."""
        letter = await LETTERS.get(reads, 1)
        assert letter is not None
        assert {"id": 1, "text": "Hello", "length": 5, "sender": ANN, "reader": BOB} == letter.model_dump()
        assert 1 == cast("Reads", reads).count

    async def test_missing_related_row_is_none(self, reads: AsyncReads) -> None:
        """A row is shown whether or not it leads to another one."""
        letter = await LETTERS.get(reads, 2)
        assert letter is not None
        assert (BOB, None) == (letter.sender.model_dump(), letter.reader)

    async def test_unknown_key_is_none(self, reads: AsyncReads) -> None:
        """The caller decides what to do about it."""
        assert await LETTERS.get(reads, 9) is None

    async def test_find_reads_in_a_transaction(self, reads: AsyncReads) -> None:
        """`find` uses the caller's transaction."""
        found = await reads.read(lambda connection: LETTERS.find(connection, 3))
        assert found is not None
        assert "Hi" == found.text


class TestPage:
    @pytest.mark.parametrize(
        ("query", "expected", "total"),
        [
            (LetterQuery(), [1, 2, 3], 3),
            (LetterQuery(sort="-length"), [2, 1, 3], 3),
            (LetterQuery(sort="text", limit=1, offset=1), [3], 3),
            (LetterQuery(city="Rome"), [2, 3], 2),
            (LetterQuery(city="Paris"), [], 0),
            (LetterQuery(offset=5), [], 3),
        ],
        ids=["all", "sorted by a computed value", "part", "filtered by a related row", "none", "beyond the end"],
    )
    async def test_page_has_a_part_and_the_total(
        self, reads: AsyncReads, query: LetterQuery, expected: list[int], total: int
    ) -> None:
        """A page takes one statement, except beyond the end of the list."""
        page = await LETTERS.page(reads, query)
        assert (expected, total) == ([letter.id for letter in page.items], page.total)
        assert (query.limit, query.offset) == (page.limit, page.offset)
        assert (2 if query.offset == 5 else 1) == cast("Reads", reads).count

    async def test_find_page_reads_in_a_transaction(self, reads: AsyncReads) -> None:
        """It gives the same page, inside and beyond the end, to code that has a connection."""
        for query in (LetterQuery(limit=2, sort="-id"), LetterQuery(offset=5)):
            found = await reads.read(partial(LETTERS.find_page, query=query))
            assert await LETTERS.page(reads, query) == found

    async def test_items_have_related_rows(self, reads: AsyncReads) -> None:
        """Items of a page have related rows like a single response."""
        page = await LETTERS.page(reads, LetterQuery())
        assert [BOB, None, ANN] == [letter.reader and letter.reader.model_dump() for letter in page.items]


class TestDeclaration:
    def test_relationship_to_several_rows_is_refused(self) -> None:
        """A join would show the row once for each of them."""
        with pytest.raises(TypeError, match=r"Person\.letters leads to several rows"):
            Projection(Person, WriterOut)

    def test_field_that_can_not_be_none_is_refused_where_a_row_may_be_missing(self) -> None:
        """A list would lack the rows that its total counts."""
        with pytest.raises(TypeError, match=r"declare the field as PersonOut \| None"):
            Projection(Letter, AnsweredOut)

    def test_field_without_a_column_is_an_attribute_error(self) -> None:
        """The error is raised at import, not during a request."""
        with pytest.raises(AttributeError, match="length"):
            Projection(Letter, LetterOut)


def test_computed_value_may_be_a_subquery(reads: AsyncReads) -> None:
    """A count of related rows, for instance."""

    class SenderOut(ResponseBody):
        name: str
        sent: int

    sent = select(func.count()).where(Letter.sender_id == Person.id).correlate(Person).scalar_subquery()
    people = Projection(Person, SenderOut, computed={"sent": sent})
    found = people.find(cast("Any", reads)._connection, 2)
    assert found is not None
    assert ("Bob", 2) == (found.name, found.sent)
