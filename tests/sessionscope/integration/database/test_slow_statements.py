"""Statements that take long are logged and kept, with the line that sent them and without values."""

import asyncio
import inspect
import logging
from collections.abc import AsyncGenerator, Callable, Generator
from operator import methodcaller
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from sqlalchemy import Engine, ForeignKey, create_engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from sessionscope import close_container, scope
from sessionscope.database.checkouts import current_task
from sessionscope.database.engine import build_engine
from sessionscope.database.slow_statements import SlowStatement, slow_statements
from sessionscope.fastapi.sessions import AsyncSessionDep, SessionDep
from sessionscope.settings import DatabaseSettings
from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import Base, User
from tests.sessionscope.service.settings import Settings

pytestmark = pytest.mark.isolation("none")

# Every statement takes longer.
ANY_SECONDS: Final = 1e-9
HERE: Final = Path(__file__).name


class Tables(DeclarativeBase):
    pass


class Parent(Tables):
    __tablename__ = "parents"

    id: Mapped[int] = mapped_column(primary_key=True)
    children: Mapped[list["Child"]] = relationship()


class Child(Tables):
    __tablename__ = "children"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int] = mapped_column(ForeignKey("parents.id"))


def built(path: Path, **settings: float) -> Engine:
    """Return an engine on a file."""
    return build_engine(DatabaseSettings.model_validate({"url": f"sqlite:///{path}/x.db", **settings}))


def latest(engine: Any) -> list[SlowStatement]:
    """Return the slow statements of *engine*."""
    found = slow_statements(engine)
    assert found is not None
    return list(found.latest)


def last(engine: Any) -> SlowStatement:
    """Return the last slow statement of *engine*."""
    return latest(engine)[-1]


def line_of(function: Callable[..., Any], part: str) -> str:
    """Return the line in this file, within *function*, that has *part*, as a `SlowStatement` shows it."""
    lines, first = inspect.getsourcelines(function)
    [offset] = [number for number, line in enumerate(lines) if part in line and "line_of(" not in line]
    return f"{HERE}:{first + offset} in {function.__name__}"


@pytest.fixture(name="engine")
def _engine(tmp_path: Path) -> Generator[Engine, None, None]:
    """Give an engine for which every statement is slow."""
    engine = built(tmp_path, slow_statement=ANY_SECONDS)
    yield engine
    engine.dispose()


@pytest.fixture(name="container")
async def _container(tmp_path: Path) -> AsyncGenerator[ApplicationContainer, None]:
    """Give a container for which every statement is slow."""
    values = DatabaseSettings.model_validate({"url": f"sqlite:///{tmp_path}/x.db", "slow_statement": ANY_SECONDS})
    container = ApplicationContainer(settings=Settings(database=values))
    Base.metadata.create_all(container.database.engine())
    yield container
    await close_container(container)


class TestThreshold:
    def test_fast_statement_is_neither_logged_nor_kept(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """The default threshold is a second."""
        engine = built(tmp_path)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        found = slow_statements(engine)
        assert found is not None
        assert (1, 0, []) == (found.threshold_seconds, len(found.latest), caplog.records)
        engine.dispose()

    def test_zero_watches_nothing(self, tmp_path: Path) -> None:
        """The engine has no listener."""
        assert slow_statements(built(tmp_path, slow_statement=0)) is None
        assert slow_statements(create_engine("sqlite://")) is None


class TestEntry:
    def test_entry_has_the_text_without_values(self, engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
        """The text is one line. The log has the same as fields."""
        token = current_task.set("job 7")
        with engine.connect() as connection:
            connection.execute(text("SELECT\n  :secret"), {"secret": "s3cr3t"})
        current_task.reset(token)
        found = last(engine)
        assert ("SELECT ?", "job 7") == (found.statement, found.task)
        assert (True, 0) == (found.seconds > 0, found.at.utcoffset().total_seconds())  # type: ignore[union-attr]
        [record] = [each for each in caplog.records if "SELECT ?" in each.getMessage()]
        assert (logging.WARNING, "SELECT ?", found.code_line) == (
            record.levelno,
            vars(record)["statement"],
            vars(record)["code_line"],
        )
        assert record.getMessage() == str(found)
        assert "s3cr3t" not in caplog.text

    def test_long_text_is_cut(self, engine: Engine) -> None:
        """500 characters tell statements apart."""
        with engine.connect() as connection:
            connection.execute(text(f"SELECT {', '.join('1' * 500)}"))
        assert (500, "…") == (len(last(engine).statement), last(engine).statement[-1])

    def test_last_hundred_are_kept(self, engine: Engine) -> None:
        """Older ones are forgotten. An engine with other options has the same."""
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            for number in range(120):
                connection.execute(text(f"SELECT {number}"))
        kept = [each.statement for each in latest(engine)]
        assert ("SELECT 20", "SELECT 119", 100) == (kept[0], kept[-1], len(kept))

    def test_failed_statement_and_many_values_are_seen(self, engine: Engine) -> None:
        """A statement that ends with a timeout took long too."""
        with engine.connect() as connection:
            with pytest.raises(OperationalError):
                connection.execute(text("SELECT nothing"))
            assert "SELECT nothing" == last(engine).statement
            connection.execute(text("CREATE TABLE t (x INTEGER)"))
            connection.execute(text("INSERT INTO t VALUES (:x)"), [{"x": 1}, {"x": 2}])
            assert "INSERT INTO t VALUES (?)" == last(engine).statement
            connection.exec_driver_sql("DELETE FROM t")
            assert "DELETE FROM t" == last(engine).statement


class TestCodeLine:
    def test_lazy_load_is_where_the_attribute_is_read(self, engine: Engine) -> None:
        """SQLAlchemy sends the statement from within."""
        Tables.metadata.create_all(engine)
        with Session(engine) as session:
            session.add(Parent(id=1))
            session.commit()
            parent = session.get_one(Parent, 1)
            assert [] == parent.children
        expected = line_of(type(self).test_lazy_load_is_where_the_attribute_is_read, "parent.children")
        assert last(engine).code_line.endswith(expected)

    async def test_async_session(self, container: ApplicationContainer) -> None:
        """The driver runs in a greenlet and a thread of its own."""
        async with scope():
            await container.database.async_session().execute(text("SELECT 1"))
        expected = line_of(type(self).test_async_session, "text(")
        assert last(container.database.async_engine()).code_line.endswith(expected)

    async def test_unit_of_work(self, container: ApplicationContainer) -> None:
        """On SQLite, a thread runs it, and may wait for the lock before the unit's own code begins."""

        def unit(session: Session) -> None:
            session.execute(text("SELECT 2"))

        token = current_task.set("POST /units")
        async with scope():
            await container.database.async_transactions().run_sync(unit)
        current_task.reset(token)
        begin, select = latest(container.database.engine())[-2:]
        assert ["BEGIN IMMEDIATE", "SELECT 2"] == [begin.statement, select.statement]
        assert ["POST /units"] * 2 == [begin.task, select.task]
        assert begin.code_line.endswith(line_of(type(self).test_unit_of_work, "run_sync("))
        assert select.code_line.endswith(line_of(unit, "text("))

    async def test_read_in_a_thread(self, container: ApplicationContainer) -> None:
        """The line is the one that waits for the thread, if the thread runs no code of the service."""
        async with scope():
            await container.database.async_reads().read(methodcaller("scalar", text("SELECT 3")))
        expected = line_of(type(self).test_read_in_a_thread, ".read(")
        assert last(container.database.engine()).code_line.endswith(expected)

    async def test_endpoints(self, container: ApplicationContainer) -> None:
        """The task is the request, by its route."""
        app = create_app(container)
        app.get("/async/{number}")(in_loop)
        app.get("/sync/{number}")(in_thread)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
            await asyncio.gather(*(client.get(f"/{kind}/1") for kind in ("async", "sync")))
        seen = [last(container.database.async_engine()), last(container.database.engine())]
        assert ["GET /async/{number}", "GET /sync/{number}"] == [each.task for each in seen]
        endpoints: list[Callable[..., Any]] = [in_loop, in_thread]
        for each, endpoint in zip(seen, endpoints, strict=True):
            assert each.code_line.endswith(line_of(endpoint, ".execute("))


async def in_loop(number: int, db: AsyncSessionDep) -> int:
    """Read in the event loop."""
    await db.execute(select(User.id).where(User.id == number))
    return number


def in_thread(number: int, db: SessionDep) -> int:
    """Read in a thread."""
    db.execute(select(User.id).where(User.id == number))
    return number
