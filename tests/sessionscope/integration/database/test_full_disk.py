"""A full disk under SQLite has a known outcome at once, whichever statement fails."""

import asyncio
import contextlib
import os
import resource
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, insert, make_url, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from sessionscope import scope
from sessionscope.database.errors import Failure, failure_of
from sessionscope.migrations.running import upgrade
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.serving import serving
from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import Post, User
from tests.sessionscope.service.settings import Settings

# Less than SQLite's page cache holds, so that nothing is written before COMMIT; more than the limit.
CONTENT = "x" * 1_500_000
LIMIT_BYTES = 1_000_000
# Far less than the patience of the settings, which a retry would wait for.
AT_ONCE_SECONDS = 3


@contextmanager
def files_end_at(size: int) -> Generator[None, None, None]:
    """Let no file of this process grow beyond *size* bytes: it is what a quota does, and needs no rights."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path, None, None]:
    """Give the folder of a file system of 1.5 MB; only root may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(_mount(folder), capture_output=True, check=False).returncode != 0:  # noqa: S603
        pytest.skip("a small file system can't be mounted here: that takes root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607


def _mount(folder: Path) -> list[str]:
    return ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(folder)]


def _add_post(session: Session) -> None:
    session.add(User(email="ann@example.com", username="ann"))
    session.flush()
    session.execute(insert(Post).values(title="Long", content=CONTENT, author_id=1))


async def _failure_of_commit(container: ApplicationContainer, *, idempotent: bool) -> Failure | None:
    async def work(session: AsyncSession) -> None:
        await session.run_sync(_add_post)

    async with asyncio.timeout(AT_ONCE_SECONDS), scope():
        with pytest.raises(OperationalError) as caught:
            await container.database.async_transactions().run(work, idempotent=idempotent)
    return failure_of(caught.value)


async def _count(container: ApplicationContainer) -> int | None:
    async with container.database.async_session_factory()() as session:
        return await session.scalar(select(func.count()).select_from(User))


@pytest.mark.isolation("database")
class TestCommit:
    @pytest.mark.parametrize("idempotent", [False, True])
    async def test_one_that_finds_no_room_has_changed_nothing(
        self, container: ApplicationContainer, *, idempotent: bool
    ) -> None:
        """A commit that finds no room is rolled back and not retried, and the error says so. Freeing room helps."""
        assert 0 == await _count(container)
        with files_end_at(LIMIT_BYTES):
            assert Failure.RESOURCES is await _failure_of_commit(container, idempotent=idempotent)
        assert 0 == await _count(container)
        async with scope():
            await container.database.async_transactions().run_sync(_add_post)
        assert 1 == await _count(container)

    def test_full_disk_rolls_back_sync_units(self, container: ApplicationContainer) -> None:
        """The sync driver tells the same."""
        with container.database.session_factory()() as session:
            assert 0 == len(session.scalars(select(User)).all())
        with files_end_at(LIMIT_BYTES), scope(), pytest.raises(OperationalError) as caught:
            container.database.transactions().run(_add_post)
        assert Failure.RESOURCES is failure_of(caught.value)
        assert {Failure.RESOURCES: 1} == container.database.retry_policy().counts.given_up


@pytest.mark.isolation("none")
class TestService:
    async def test_a_full_disk_is_told_at_once(
        self, small_disk: Path, alembic_project: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Clients get a 503 with Retry-After, reads go on, and writes work again as soon as there is room."""
        url = f"sqlite:///{small_disk}/app.db"
        upgrade(make_url(url), project=alembic_project)
        filler = small_disk / "filler"
        container = ApplicationContainer(settings=Settings(database=DatabaseSettings(url=url)))
        with serving(create_app(container)) as server:
            async with httpx2.AsyncClient(base_url=server.url, timeout=AT_ONCE_SECONDS) as client:
                assert 201 == (await client.post("/users/", json=_user("ann"))).status_code
                _fill(filler)
                for number in range(5):
                    full = await client.post("/users/", json=_user(f"user{number}"))
                    assert (503, "application/problem+json") == (full.status_code, full.headers["content-type"])
                    assert 1 <= int(full.headers["retry-after"]) <= 3
                assert 1 == (await client.get("/users/")).json()["total"]
                filler.unlink()
                assert 201 == (await client.post("/users/", json=_user("bob"))).status_code
        assert 5 == caplog.messages.count("POST /users/: the database is not available: resources")


def _user(name: str) -> dict[str, Any]:
    return {"email": f"{name}@example.com", "username": name}


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(4096))
