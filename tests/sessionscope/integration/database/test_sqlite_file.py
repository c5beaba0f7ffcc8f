"""The file of an SQLite database is created once, and never under a program that uses it."""

import os
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path

import pytest
from sqlalchemy import URL, text
from sqlalchemy.exc import OperationalError

from sessionscope import close_container
from sessionscope.database.errors import Failure, failure_of
from sessionscope.settings import DatabaseSettings
from tests.sessionscope.service.containers import DatabaseContainer

pytestmark = pytest.mark.usefixtures("failed_connections_end")

Run = Callable[[DatabaseContainer, str], Awaitable[None]]


async def run_sync(database: DatabaseContainer, statement: str) -> None:
    """Execute *statement* on the sync engine."""
    with database.engine().begin() as connection:
        connection.execute(text(statement))


async def run_async(database: DatabaseContainer, statement: str) -> None:
    """Execute *statement* on the async engine."""
    async with database.async_engine().begin() as connection:
        await connection.execute(text(statement))


@pytest.fixture(params=[run_sync, run_async], ids=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Run:
    """Give a function that executes a statement, on either kind of engine."""
    function: Run = request.param
    return function


@pytest.fixture(name="umask")
def _umask() -> Generator[None, None, None]:
    """Let this process make files that are everybody's, as careless services do."""
    before = os.umask(0)
    yield
    os.umask(before)


def container_on(file: Path | str, **query: str) -> DatabaseContainer:
    """Return a container of the database in *file*."""
    url = URL.create("sqlite", database=str(file), query=query)
    return DatabaseContainer(settings=DatabaseSettings(url=url.render_as_string()))


def modes_in(folder: Path) -> dict[str, int]:
    """Return who may do what with the files in *folder*, by their names."""
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


def delete(folder: Path, pattern: str = "*") -> None:
    """Delete the files in *folder* that fit *pattern*."""
    for file in list(folder.glob(pattern)):
        file.unlink()


class TestCreation:
    @pytest.mark.usefixtures("umask")
    async def test_a_new_file_is_its_owners_alone(self, tmp_path: Path, run: Run) -> None:
        """Neither the file nor those of its log can be read by others, whatever the umask."""
        database = container_on(tmp_path / "x.db")
        await run(database, "CREATE TABLE t (v INTEGER)")
        assert {"x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600} == modes_in(tmp_path)
        await close_container(database)

    @pytest.mark.usefixtures("umask")
    async def test_file_uri_is_created_and_opened(self, tmp_path: Path, run: Run) -> None:
        """A name in SQLite's own words is created and opened alike."""
        database = container_on(f"file:{tmp_path}/x%20y.db", uri="true", cache="private")
        await run(database, "CREATE TABLE t (v INTEGER)")
        file = tmp_path / "x y.db"
        assert 0o600 == file.stat().st_mode & 0o777
        await database.async_engine().dispose()
        database.engine().dispose()
        await run(database, "INSERT INTO t VALUES (1)")
        await close_container(database)

    async def test_a_file_that_is_there_keeps_its_mode(self, tmp_path: Path, run: Run) -> None:
        """A database that is shared with a group stays shared."""
        file = tmp_path / "x.db"
        file.touch()
        file.chmod(0o660)
        database = container_on(file)
        await run(database, "CREATE TABLE t (v INTEGER)")
        assert 0o660 == file.stat().st_mode & 0o777
        await close_container(database)

    async def test_any_name_is_opened_again(self, tmp_path: Path, run: Run) -> None:
        """Characters with a meaning in a URI are literal in the name of a file."""
        folder = tmp_path / "a?mode=ro#b%20c&d é"
        folder.mkdir()
        database = container_on(folder / "x.db")
        await run(database, "CREATE TABLE t (v INTEGER)")
        await close_container(database)
        await run(database, "INSERT INTO t VALUES (1)")
        assert {"x.db", "x.db-shm", "x.db-wal"} == set(modes_in(folder))
        await close_container(database)

    async def test_one_that_must_exist_is_not_created(self, tmp_path: Path, run: Run) -> None:
        """With `must_exist`, a missing database is an error and is not created."""
        database = container_on(tmp_path / "x.db")
        database.location().must_exist = True
        with pytest.raises(OperationalError) as caught:
            await run(database, "SELECT 1")
        assert (Failure.UNREACHABLE, {}) == (failure_of(caught.value), modes_in(tmp_path))
        await close_container(database)

    async def test_a_mode_in_the_url_stays(self, tmp_path: Path, run: Run) -> None:
        """A database that is opened for reading only is not made writable, and not created."""
        file = tmp_path / "x.db"
        database = container_on(f"file:{file}", uri="true", mode="ro")
        with pytest.raises(OperationalError) as caught:
            await run(database, "SELECT 1")
        assert (Failure.UNREACHABLE, False) == (failure_of(caught.value), file.exists())
        await close_container(database)


class TestDeletion:
    @pytest.mark.parametrize("pool_class", ["queue", "null"])
    async def test_a_deleted_file_is_not_made_anew(self, tmp_path: Path, run: Run, pool_class: str) -> None:
        """Nobody writes into a file that has no name any more, or into an empty one of the same name."""
        file = tmp_path / "x.db"
        settings = DatabaseSettings.model_validate({"url": f"sqlite:///{file}", "pool_class": pool_class})
        database = DatabaseContainer(settings=settings)
        await run(database, "CREATE TABLE t (v INTEGER)")
        delete(tmp_path)
        for _ in range(2):
            with pytest.raises(OperationalError) as caught:
                await run(database, "INSERT INTO t VALUES (1)")
            assert (Failure.UNREACHABLE, {}) == (failure_of(caught.value), modes_in(tmp_path))
        await close_container(database)

    async def test_a_replaced_file_is_found(self, tmp_path: Path, run: Run) -> None:
        """A backup that was put in place of the file is what the next statement sees."""
        file, backup = tmp_path / "x.db", tmp_path / "backup.db"
        restored, database = container_on(backup), container_on(file)
        await run(restored, "CREATE TABLE restored (v INTEGER)")
        await close_container(restored)
        await run(database, "CREATE TABLE t (v INTEGER)")
        delete(tmp_path, "x.db*")
        backup.rename(file)
        await run(database, "INSERT INTO restored VALUES (1)")
        await close_container(database)
