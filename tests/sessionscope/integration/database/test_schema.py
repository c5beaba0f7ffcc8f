"""The schema utilities do the same with a sync and with an async engine."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, make_url, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models import User
from config import DatabaseSettings
from containers import DatabaseContainer
from sessionscope.database import Base, create_table, drop_db, drop_table, init_db, ping, table_exists
from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.database.errors import UnknownTableError
from sessionscope.testing.targets import Target

pytestmark = pytest.mark.every_database

TABLES = {"users", "posts", "accounts", "transfers"}


def tables(database: DatabaseContainer) -> set[str]:
    """Return the tables that there are, but for the one that Alembic has on a server."""
    return set(inspect(database.engine()).get_table_names()) - {"alembic_version"}


class TestSync:
    def test_the_whole_schema(self, memory: DatabaseContainer) -> None:
        """Every table comes, comes only once, and goes."""
        drop_db(memory.engine())
        assert set() == tables(memory)
        for _ in range(2):
            init_db(memory.engine())
            assert TABLES <= tables(memory)

    @pytest.mark.parametrize("table", ["users", User, User.__table__], ids=["name", "class", "object"])
    def test_one_table(self, memory: DatabaseContainer, table: Any) -> None:
        """A table is named by its name, its class or its object."""
        engine = memory.engine()
        drop_db(engine)
        for _ in range(2):
            create_table(engine, table)
            assert table_exists(engine, table)
        assert {"users"} == tables(memory)
        for _ in range(2):
            drop_table(engine, table)
            assert not table_exists(engine, table)

    def test_a_table_of_nobody_may_exist(self, memory: DatabaseContainer) -> None:
        """Looking is for any table, declared by a model or not."""
        with memory.engine().begin() as connection:
            connection.execute(text("CREATE TABLE foreign_one (id INTEGER)"))
        assert table_exists(memory.engine(), "foreign_one")
        assert not table_exists(memory.engine(), "nowhere")

    @pytest.mark.parametrize("work", [create_table, drop_table])
    def test_a_misspelt_table_is_refused(self, memory: DatabaseContainer, work: Any) -> None:
        """What no model declares can be neither made nor dropped; the error names those that can."""
        with pytest.raises(UnknownTableError, match=r"'user'.*users"):
            work(memory.engine(), "user")


class TestAsync:
    async def test_the_whole_schema(self, memory: DatabaseContainer) -> None:
        """As with a sync engine, awaited."""
        await drop_db(memory.async_engine())
        assert set() == tables(memory)
        for _ in range(2):
            await init_db(memory.async_engine())
            assert TABLES <= tables(memory)

    @pytest.mark.parametrize("table", ["users", User, User.__table__], ids=["name", "class", "object"])
    async def test_one_table(self, memory: DatabaseContainer, table: Any) -> None:
        """As with a sync engine, awaited."""
        engine = memory.async_engine()
        await drop_db(engine)
        await create_table(engine, table)
        assert await table_exists(engine, table)
        assert {"users"} == tables(memory)
        await drop_table(engine, table)
        assert not await table_exists(engine, table)

    async def test_a_misspelt_table_is_refused(self, memory: DatabaseContainer) -> None:
        """As with a sync engine."""
        with pytest.raises(UnknownTableError):
            await create_table(memory.async_engine(), "user")


class TestPing:
    async def test_a_database_that_is_there_answers(self, database: DatabaseContainer) -> None:
        """True from both kinds of engine."""
        assert ping(database.engine())
        assert await ping(database.async_engine())

    @pytest.mark.usefixtures("failed_connections_end")
    async def test_one_that_is_not_does_not(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """False and no exception; the log says why, without where."""
        settings = DatabaseSettings(url=f"sqlite:///{tmp_path}/missing/secret.db")
        assert not ping(build_engine(settings))
        assert not await ping(build_async_engine(settings))
        assert ["the database does not answer: unreachable: no connection could be made"] * 2 == [
            record.getMessage() for record in caplog.records if record.name == "sessionscope.database.health"
        ]
        assert "secret" not in caplog.text

    @pytest.mark.usefixtures("failed_connections_end")
    async def test_a_refused_user_is_told_from_a_server_that_is_not_there(
        self, target: Target, database_url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Whoever reads the log knows where to look: at the password, or at the network."""
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
        unnamed = [
            f"{table.name}: {constraint!r}"
            for table in Base.metadata.tables.values()
            for constraint in table.constraints
            if constraint.name is None
        ]
        assert [] == unnamed

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
