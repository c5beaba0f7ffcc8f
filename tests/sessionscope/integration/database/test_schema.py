"""The schema utilities do the same with a sync and with an async engine."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, ForeignKey, String, inspect, make_url, text
from sqlalchemy.orm import Mapped, mapped_column

from sessionscope.database import Base, create_table, drop_db, drop_table, init_db, ping, table_exists
from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.database.errors import UnknownTableError
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.targets import Target
from tests.sessionscope.service.containers import DatabaseContainer

pytestmark = pytest.mark.every_database

TABLES = {"shelves", "books"}


@pytest.fixture(name="memory")
def _memory(
    make_database: Callable[..., DatabaseContainer], target: Target, request: pytest.FixtureRequest
) -> DatabaseContainer:
    """Give a container on a database without any table that nobody else uses."""
    return make_database(
        url=request.getfixturevalue("empty_database_url") if target.url else "sqlite:///:memory:", create_tables=False
    )


@pytest.fixture(name="book", autouse=True)
def _book() -> Generator[type[Base], None, None]:
    """Give a model of two that are declared during the test: the metadata is everybody's."""

    class Shelf(Base):
        __tablename__ = "shelves"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Book(Base):
        __tablename__ = "books"
        __table_args__ = (CheckConstraint("pages > 0", name="pages"),)
        id: Mapped[int] = mapped_column(primary_key=True)
        pages: Mapped[int]
        title: Mapped[str] = mapped_column(String(50), unique=True)
        shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"), index=True)

    yield Book
    for model in (Book, Shelf):
        Base.metadata.remove(Base.metadata.tables[model.__tablename__])
        Base.registry._dispose_cls(model)


def named(book: type[Base], how: str) -> Any:
    """Return the table's name, its class or its object."""
    return {"name": book.__tablename__, "class": book, "object": book.__table__}[how]


def tables(database: DatabaseContainer) -> set[str]:
    """Return the tables that there are."""
    return set(inspect(database.engine()).get_table_names())


class TestSync:
    def test_the_whole_schema(self, memory: DatabaseContainer) -> None:
        """Every table is created, created only once, and dropped."""
        for _ in range(2):
            init_db(memory.engine())
            assert TABLES <= tables(memory)
        drop_db(memory.engine())
        assert set() == tables(memory)

    @pytest.mark.parametrize("how", ["name", "class", "object"])
    def test_one_table(self, memory: DatabaseContainer, book: type[Base], how: str) -> None:
        """A table is named by its name, its class or its object."""
        engine, table = memory.engine(), named(book, how)
        create_table(engine, "shelves")
        for _ in range(2):
            create_table(engine, table)
            assert table_exists(engine, table)
        assert TABLES == tables(memory)
        for _ in range(2):
            drop_table(engine, table)
            assert not table_exists(engine, table)

    def test_a_table_of_nobody_may_exist(self, memory: DatabaseContainer) -> None:
        """You can look for any table, whether a model declares it or not."""
        with memory.engine().begin() as connection:
            connection.execute(text("CREATE TABLE foreign_one (id INTEGER)"))
        assert table_exists(memory.engine(), "foreign_one")
        assert not table_exists(memory.engine(), "nowhere")

    @pytest.mark.parametrize("work", [create_table, drop_table])
    def test_a_misspelt_table_is_refused(self, memory: DatabaseContainer, work: Any) -> None:
        """A table that no model declares can't be created or dropped. The error names the declared tables."""
        with pytest.raises(UnknownTableError, match=r"'book'.*books"):
            work(memory.engine(), "book")


class TestAsync:
    async def test_the_whole_schema(self, memory: DatabaseContainer) -> None:
        """As with a sync engine, awaited."""
        for _ in range(2):
            await init_db(memory.async_engine())
            assert TABLES <= tables(memory)
        await drop_db(memory.async_engine())
        assert set() == tables(memory)

    @pytest.mark.parametrize("how", ["name", "class", "object"])
    async def test_one_table(self, memory: DatabaseContainer, book: type[Base], how: str) -> None:
        """As with a sync engine, awaited."""
        engine, table = memory.async_engine(), named(book, how)
        await create_table(engine, "shelves")
        await create_table(engine, table)
        assert await table_exists(engine, table)
        assert TABLES == tables(memory)
        await drop_table(engine, table)
        assert not await table_exists(engine, table)

    async def test_a_misspelt_table_is_refused(self, memory: DatabaseContainer) -> None:
        """As with a sync engine."""
        with pytest.raises(UnknownTableError):
            await create_table(memory.async_engine(), "book")


class TestPing:
    async def test_a_database_that_is_there_answers(self, database: DatabaseContainer) -> None:
        """True from both kinds of engine."""
        assert ping(database.engine())
        assert await ping(database.async_engine())

    @pytest.mark.usefixtures("failed_connections_end")
    async def test_one_that_is_not_does_not(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """The result is False, without an exception. The log has the reason but not the address."""
        settings = DatabaseSettings(url=f"sqlite:///{tmp_path}/missing/secret.db")
        assert not ping(build_engine(settings))
        assert not await ping(build_async_engine(settings))
        assert ["the database does not answer: unreachable: no connection could be made"] * 2 == [
            record.getMessage() for record in caplog.records if record.name == "sessionscope.database.health"
        ]
        assert "secret" not in caplog.text

    @pytest.mark.usefixtures("failed_connections_end")
    async def test_refused_user_differs_from_unreachable_server(
        self, target: Target, database_url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The log tells an operator where to look: at the password or at the network."""
        if target.url is None:
            pytest.skip("SQLite has no users")
        there = make_url(database_url)
        for url in (there.set(password="wrong-secret"), there.set(port=9)):
            settings = DatabaseSettings(url=url.render_as_string(hide_password=False))
            assert not ping(build_engine(settings))
            engine = build_async_engine(settings)
            assert not await ping(engine)
            await engine.dispose()
        lines = [record.getMessage() for record in caplog.records if record.name == "sessionscope.database.health"]
        assert ["denied", "denied", "unreachable", "unreachable"] == [line.split(": ")[1] for line in lines]
        assert "secret" not in caplog.text


class TestBase:
    def test_constraints_have_names(self) -> None:
        """A migration can drop what has a name, on every database."""
        names = {constraint.name for name in TABLES for constraint in Base.metadata.tables[name].constraints}
        assert {
            "pk_shelves",
            "pk_books",
            "ck_books_pages",
            "uq_books_title",
            "fk_books_shelf_id_shelves",
        } == names
        assert {"ix_books_shelf_id"} == {index.name for index in Base.metadata.tables["books"].indexes}

    def test_a_model_of_another_service_has_its_table(self, memory: DatabaseContainer) -> None:
        """A new class over the base is all that the utilities need."""

        class Note(Base):
            __tablename__ = "notes"
            id: Mapped[int] = mapped_column(primary_key=True)

        try:
            create_table(memory.engine(), Note)
            assert table_exists(memory.engine(), "notes")
        finally:
            # The metadata is everybody's.
            Base.metadata.remove(Base.metadata.tables["notes"])
            Base.registry._dispose_cls(Note)
