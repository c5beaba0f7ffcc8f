"""``sqlite:///:memory:`` is one private database per container, and leaves nothing behind."""

import gc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sessionscope import scope
from sessionscope.database.location import DatabaseLocation
from sessionscope.settings import DatabaseSettings
from tests.sessionscope.integration.database.conftest import MakeDatabase
from tests.sessionscope.service.containers import DatabaseContainer
from tests.sessionscope.service.models import User

SPELLINGS = [
    "sqlite:///:memory:",
    "sqlite://",
    "sqlite+aiosqlite:///:memory:",
    "sqlite+aiosqlite://",
    "sqlite:///file::memory:?cache=shared&uri=true",
    "sqlite:///file:shared?mode=memory&cache=shared&uri=true",
]


def store(database: DatabaseContainer, name: str = "ann") -> None:
    """Store a user through the sync session of a scope of its own."""
    with scope():
        session = database.session()
        session.add(User(email=f"{name}@example.com", username=name))
        session.commit()


def count(database: DatabaseContainer) -> int | None:
    """Count the users through the sync session of a scope of its own."""
    with scope():
        return database.read_session().scalar(select(func.count()).select_from(User))


def directory_of(location: DatabaseLocation) -> Path:
    """Return the directory that a private database lives in."""
    return Path(str(location.url.database)).parent


class TestSharing:
    async def test_sync_and_async_sessions_see_the_same_rows(self, memory: DatabaseContainer) -> None:
        """What one kind of session commits, every kind reads."""
        store(memory)
        async with scope():
            session = memory.async_session()
            assert ["ann"] == list(await session.scalars(select(User.username)))
            await session.rollback()
            session.add(User(email="bob@example.com", username="bob"))
            await session.commit()
            assert 2 == await memory.async_read_session().scalar(select(func.count()).select_from(User))
        assert 2 == count(memory)

    def test_every_thread_sees_the_same_rows(self, memory: DatabaseContainer) -> None:
        """All connections of all threads see one database."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda turn: store(memory, f"user{turn}"), range(8)))
            assert [8] * 8 == list(pool.map(lambda _: count(memory), range(8)))

    def test_two_containers_share_nothing(self, make_database: MakeDatabase) -> None:
        """Two containers with equal settings have separate databases."""
        one, other = [make_database(url="sqlite:///:memory:") for _ in range(2)]
        store(one)
        assert [1, 0] == [count(one), count(other)]

    @pytest.mark.parametrize("url", SPELLINGS)
    def test_every_spelling_is_private(self, url: str) -> None:
        """Every spelling of an in-memory database becomes a private file."""
        location = DatabaseLocation(DatabaseSettings(url=url))
        assert location.private
        assert directory_of(location).is_dir()

    @pytest.mark.parametrize("url", ["sqlite:///x.db", "sqlite:////srv/memory.db"])
    def test_a_file_is_not(self, url: str) -> None:
        """A named file stays where it is, for everybody."""
        location = DatabaseLocation(DatabaseSettings(url=url))
        assert not location.private
        assert url == location.url.render_as_string()


class TestRemoval:
    def test_directory_is_removed_with_its_last_user(self) -> None:
        """The directory is there as long as anybody holds the location, and no longer."""
        location = DatabaseLocation(DatabaseSettings(url="sqlite://"))
        directory = directory_of(location)
        assert directory.is_dir()
        del location
        gc.collect()
        assert not directory.exists()

    def test_engine_keeps_the_directory(self) -> None:
        """A database doesn't vanish under an engine that outlives the container."""
        container = DatabaseContainer(settings=DatabaseSettings(url="sqlite://"))
        engine, directory = container.engine(), directory_of(container.location())
        del container
        gc.collect()
        with engine.connect() as connection:
            assert 1 == connection.scalar(select(1))
        assert directory.is_dir()
        engine.dispose()

    def test_nobody_else_may_look_inside(self) -> None:
        """The directory is its owner's alone."""
        location = DatabaseLocation(DatabaseSettings(url="sqlite://"))
        assert 0 == directory_of(location).stat().st_mode & 0o077

    def test_directory_is_removed_at_exit(self) -> None:
        """A program that just ends leaves nothing in the temporary directory."""
        assert not Path(output_of("print(directory)")).exists()

    def test_directory_is_removed_after_an_error(self) -> None:
        """The same for a program that ends with a traceback."""
        assert not Path(output_of("print(directory); raise RuntimeError", code=1)).exists()

    @pytest.mark.skipif(sys.platform == "win32", reason="needs os.fork")
    def test_a_forked_child_leaves_it_to_its_parent(self) -> None:
        """A worker process that ends must not take the database of the others along."""
        body = """
            child = os.fork()
            if child == 0:
                del container, engine
                gc.collect()
                sys.exit(0)
            os.waitpid(child, 0)
            with engine.connect() as connection:
                connection.exec_driver_sql("SELECT * FROM here")
            print(os.path.isdir(directory))
        """
        assert "True" == output_of(body)


PROGRAM = """
import gc, os, sys
from sessionscope.settings import DatabaseSettings
from tests.sessionscope.service.containers import DatabaseContainer
container = DatabaseContainer(settings=DatabaseSettings(url="sqlite://"))
engine = container.engine()
with engine.begin() as connection:
    connection.exec_driver_sql("CREATE TABLE here (id INTEGER)")
directory = os.path.dirname(engine.url.database)
"""


def output_of(body: str, code: int = 0) -> str:
    """Run *body* in a process of its own, after a private database was made; return what it prints."""
    lines = [line.removeprefix(" " * 12) for line in body.splitlines()]
    command = [sys.executable, "-c", PROGRAM + "\n".join(lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    assert code == done.returncode, done.stderr
    return done.stdout.strip()
