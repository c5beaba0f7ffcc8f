"""Rows are inserted if absent, and otherwise left alone or changed, even if others insert the same at the same time."""

import asyncio
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from typing import Any, Final

import pytest
from sqlalchemy import Connection, ForeignKey, Index, String, delete, event, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sessionscope import scope
from sessionscope.database.columns import Key, Timestamps
from sessionscope.database.errors import Failure, RowDeletedError, failure_of
from sessionscope.database.inserts import insert_if_absent, upsert
from tests.sessionscope.service.containers import ApplicationContainer

pytestmark = pytest.mark.isolation("database")

TODAY: Final = date(2026, 1, 31)
HOME: Final[dict[str, Any]] = {"page": "/", "on": TODAY, "count": 1}
TAG: Final[dict[str, Any]] = {"name": "food", "colour": "red"}


class Base(DeclarativeBase):
    """A base of its own."""


class Visit(Timestamps, Base):
    """The visits of a page on a day. The key has two columns, and no id is made by the database."""

    __tablename__ = "visits"

    page: Mapped[str] = mapped_column(String(50), primary_key=True)
    on: Mapped[date] = mapped_column("day", primary_key=True)
    count: Mapped[int]


class Tag(Base):
    """A tag with a unique name and a unique colour."""

    __tablename__ = "tags"
    __table_args__ = (Index("ux_tags_colour", "colour", unique=True),)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(50), unique=True)
    colour: Mapped[str | None] = mapped_column(String(50))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("tags.id"))


@pytest.fixture(autouse=True)
def _tables(container: ApplicationContainer) -> Generator[None, None, None]:
    """Make the tables, and open a scope."""
    engine = container.database.engine()
    Base.metadata.create_all(engine)
    with scope():
        yield
    Base.metadata.drop_all(engine)


@pytest.fixture(name="run")
def _run(container: ApplicationContainer) -> Callable[[Callable[[Session], Any]], Any]:
    """Give a function that runs a unit of work."""
    return container.database.transactions().run


def add_tag(**values: Any) -> Callable[[Session], bool]:
    """Return a unit of work that inserts a tag if there is none of its name."""
    return lambda session: insert_if_absent(session, Tag, TAG | values, key=[Tag.name])


def add_visit(session: Session) -> bool:
    """Count a visit of the page."""
    return upsert(session, Visit, HOME, key=[Visit.on, Visit.page], changes={"count": Visit.count + 1})


def tags(session: Session) -> list[tuple[Any, ...]]:
    """Return the names and colours of all tags."""
    return [tuple(row) for row in session.execute(select(Tag.name, Tag.colour).order_by(Tag.id))]


@pytest.mark.every_database
class TestInsertIfAbsent:
    def test_row_is_inserted_once(self, run: Any) -> None:
        """The second call changes nothing, and says so."""
        assert run(add_tag()) is True
        assert run(add_tag(colour="green")) is False
        assert run(add_tag()) is False
        assert [("food", "red")] == run(tags)
        assert run(add_tag(name="drink", colour=None)) is True

    def test_key_of_several_columns(self, run: Any) -> None:
        """The order of the attributes doesn't matter, and their names need not be those of the columns."""

        def add(session: Session) -> list[bool]:
            days = (TODAY, TODAY, date(2026, 2, 1))
            return [insert_if_absent(session, Visit, HOME | {"on": day}, key=[Visit.on, Visit.page]) for day in days]

        assert [True, False, True] == run(add)
        assert 2 == run(lambda session: session.scalar(select(func.count()).select_from(Visit)))

    @pytest.mark.parametrize(
        "values",
        [{"name": "drink"}, {"name": None}, {"name": "drink", "colour": "green", "parent_id": 99}],
        ids=["other key", "not null", "foreign key"],
    )
    def test_other_constraints_are_not_hidden(self, run: Any, values: dict[str, Any]) -> None:
        """Only a row with the same key makes it do nothing."""
        run(add_tag())
        with pytest.raises(IntegrityError):
            run(add_tag(**values))
        assert [("food", "red")] == run(tags)

    def test_given_key_decides_if_a_row_collides_by_two_keys(self, run: Any) -> None:
        """A row with the same key makes it do nothing, even if another row has the same value of another key."""
        run(add_tag())
        run(add_tag(name="drink", colour="green"))
        assert run(add_tag(name="food", colour="green")) is False
        assert run(lambda session: insert_if_absent(session, Tag, {"id": 2, **TAG}, key=[Tag.id])) is False
        assert run(lambda session: insert_if_absent(session, Tag, {"id": 1, **TAG}, key=[Tag.colour])) is False
        assert [("food", "red"), ("drink", "green")] == run(tags)

    def test_pending_objects_are_sent_first(self, run: Any) -> None:
        """A row may refer to an object that the session is about to insert."""

        def add(session: Session) -> bool:
            session.add(Tag(id=7, name="food", colour="red"))
            values = {"name": "drink", "parent_id": 7}
            return insert_if_absent(session, Tag, values, key=[Tag.name]) and not add_tag()(session)

        assert run(add) is True

    async def test_async_units_of_work_insert_too(self, container: ApplicationContainer) -> None:
        """In an async function, `AsyncSession.run_sync` calls it."""

        async def add(session: AsyncSession) -> bool:
            return await session.run_sync(insert_if_absent, Tag, TAG, key=[Tag.name])

        transactions = container.database.async_transactions()
        assert [True, False] == [await transactions.run(add), await transactions.run_sync(add_tag())]

    @pytest.mark.parametrize("is_committed", [True, False], ids=["committed", "rolled back"])
    def test_other_transaction_is_waited_for(self, container: ApplicationContainer, *, is_committed: bool) -> None:
        """If it commits, its row is there; if it rolls back, the waiting transaction inserts the row."""
        inserted, may_end = threading.Event(), threading.Event()

        def first(session: Session) -> bool:
            is_new = add_tag()(session)
            inserted.set()
            assert may_end.wait(10)
            if not is_committed:
                raise LookupError
            return is_new

        with ThreadPoolExecutor(2) as pool:
            leader = pool.submit(in_scope, container, first)
            assert inserted.wait(10)
            follower = pool.submit(in_scope, container, add_tag(colour="green"))
            time.sleep(0.2)
            assert not follower.done()
            may_end.set()
            assert (True, not is_committed) == (outcome(leader), outcome(follower))
        colour = "red" if is_committed else "green"
        assert [("food", colour)] == container.database.transactions().run(tags)


@pytest.mark.every_database
class TestUpsert:
    def test_row_is_inserted_and_then_changed(self, run: Any) -> None:
        """The values of the second call replace those of the first one."""

        def put(colour: str) -> Callable[[Session], bool]:
            return lambda session: upsert(session, Tag, TAG | {"colour": colour}, key=[Tag.name])

        assert [True, False, False] == [run(put(colour)) for colour in ("red", "green", "green")]
        assert [("food", "green")] == run(tags)

    def test_time_of_the_change_is_set(self, run: Any) -> None:
        """`onupdate` applies, and defaults only to a new row."""
        times = select(Visit.created_at, Visit.updated_at)
        run(add_visit)
        created, updated = run(lambda session: session.execute(times).one())
        run(add_visit)
        again = run(lambda session: session.execute(times).one())
        assert (created, True) == (again.created_at, again.updated_at > updated)

    def test_change_may_not_break_another_key(self, run: Any) -> None:
        """The error is the usual one."""
        run(add_tag())
        run(add_tag(name="drink", colour="green"))
        with pytest.raises(IntegrityError):
            run(lambda session: upsert(session, Tag, {"name": "drink", "colour": "red"}, key=[Tag.name]))

    def test_key_alone_changes_nothing(self, run: Any) -> None:
        """There is nothing to set."""

        def put(session: Session) -> bool:
            return upsert(session, Tag, {"name": "food"}, key=[Tag.name])

        assert [True, False] == [run(put), run(put)]

    async def test_concurrent_visits_are_all_counted(self, container: ApplicationContainer) -> None:
        """One transaction inserts the row, and the others add to it."""

        async def visit() -> bool:
            async with scope():
                return await container.database.async_transactions().run_sync(add_visit)

        inserted = await asyncio.gather(*(visit() for _ in range(20)))
        assert 1 == sum(inserted)
        assert 20 == container.database.transactions().run(lambda session: session.scalar(select(Visit.count)))


@pytest.mark.every_database(but=["sqlite", "mysql"])
def test_unit_runs_again_if_the_row_is_deleted_in_between(container: ApplicationContainer, run: Any) -> None:
    """MariaDB and SQLite lock the row when they find it, so no other transaction can delete it."""
    run(add_visit)
    engine = container.database.engine()
    deleted: list[str] = []

    def delete_first(_: Connection, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith("UPDATE") and not deleted:
            deleted.append(statement)
            with engine.begin() as other:
                other.execute(delete(Visit))

    event.listen(engine, "before_cursor_execute", delete_first)
    assert run(add_visit) is True
    assert (1, 1) == (len(deleted), run(lambda session: session.scalar(select(Visit.count))))


def test_deleted_row_is_a_serialization_failure() -> None:
    """So units of work run again, and clients are asked to."""
    assert Failure.SERIALIZATION is failure_of(RowDeletedError("visits"))


class TestMistakes:
    def test_columns_that_are_not_unique_are_refused(self, run: Any) -> None:
        """The error lists the unique keys. PostgreSQL would refuse it too, but MariaDB would take any key."""
        with pytest.raises(ValueError, match=r"^parent_id is not a unique key of tags: colour; id; name$"):
            run(lambda session: insert_if_absent(session, Tag, TAG, key=[Tag.parent_id]))

    def test_part_of_a_key_is_refused(self, run: Any) -> None:
        """A page has many days."""
        with pytest.raises(ValueError, match=r"^page is not a unique key of visits: day, page$"):
            run(lambda session: insert_if_absent(session, Visit, HOME, key=[Visit.page]))

    def test_values_need_the_key(self, run: Any) -> None:
        """A key that the database makes is always new."""
        with pytest.raises(ValueError, match=r"^values for tags lack a part of the key: id$"):
            run(lambda session: insert_if_absent(session, Tag, TAG, key=[Tag.id]))


def in_scope(container: ApplicationContainer, work: Callable[[Session], bool]) -> bool:
    """Run a unit of work in a scope of its own."""
    with scope():
        return container.database.transactions().run(work)


def outcome(future: "Future[bool]") -> bool:
    """Return the result of a unit of work, or True if it was rolled back on purpose."""
    return isinstance(future.exception(10), LookupError) or future.result()
