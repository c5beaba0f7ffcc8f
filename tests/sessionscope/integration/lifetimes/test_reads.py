"""A visit belongs to a scope, with and without replicas."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from sessionscope import ScopeError, close_container, scope
from sessionscope.database import reads
from sessionscope.settings import DatabaseSettings
from tests.sessionscope.integration.lifetimes.places import Places
from tests.sessionscope.service.containers import ApplicationContainer, DatabaseContainer
from tests.sessionscope.service.models import User


def username(connection: Connection) -> Any:
    """Return the name of the first user, which is the database's."""
    return connection.scalar(select(User.username).order_by(User.id))


@pytest.fixture(name="followed")
async def _followed(places: Places) -> AsyncGenerator[DatabaseContainer, None]:
    """Give a container on the own database; the other one stands for its replica."""
    own, other = (f"sqlite:///{places.files[name]}" for name in ("own", "other"))
    container = DatabaseContainer(settings=DatabaseSettings(url=own, replica_urls=(other,)))
    yield container
    await close_container(container)


class TestOutsideOfAScope:
    """Outside a scope, it is unknown whether a read must see an earlier write, so reads are always refused."""

    @pytest.mark.isolation("none")
    async def test_read_outside_a_scope_is_refused_without_replicas(self, places: Places) -> None:
        """A read that would fail with replicas fails without them too."""
        with pytest.raises(ScopeError, match=r"no scope is open.*with scope\(\)"):
            await places.own.database.async_reads().read(username)

    @pytest.mark.isolation("none")
    async def test_read_outside_a_scope_is_refused_with_replicas(self, followed: DatabaseContainer) -> None:
        """The error is the same."""
        with pytest.raises(ScopeError, match=r"no scope is open.*with scope\(\)"):
            await followed.async_reads().read(username)

    @pytest.mark.every_database
    @pytest.mark.parametrize(
        "mode", [pytest.param(mode, marks=pytest.mark.isolation(mode)) for mode in ("transaction", "database")]
    )
    async def test_read_outside_a_scope_is_refused_in_tests(self, container: ApplicationContainer, mode: str) -> None:  # noqa: ARG002
        """A test fails where the service would."""
        with pytest.raises(ScopeError, match="no scope is open"):
            await container.database.async_reads().read(username)

    @pytest.mark.isolation("none")
    async def test_reads_may_be_built_outside_a_scope(self, places: Places) -> None:
        """A service is built anywhere, and used in scopes."""
        built = places.own.database.async_reads()
        for _ in range(2):
            async with scope():
                assert "own" == await built.read(username)


@pytest.mark.isolation("none")
class TestLostConnection:
    @pytest.mark.parametrize(("seconds", "runs"), [(60, 2), (0, 1)])
    async def test_read_is_run_again_if_the_client_has_not_waited_for_long(
        self, places: Places, monkeypatch: pytest.MonkeyPatch, seconds: float, runs: int
    ) -> None:
        """A client that has waited for a silent server doesn't wait as long again."""
        monkeypatch.setattr(reads, "PATIENCE_SECONDS", seconds)
        done: list[int] = []

        def lose(_: Connection) -> None:
            done.append(1)
            raise DBAPIError("SELECT", {}, Exception(), connection_invalidated=True)

        async with scope():
            with pytest.raises(DBAPIError):
                places.own.database.reads().read(lose)
        assert runs == len(done)


@pytest.mark.isolation("none")
class TestReplicasOfAFile:
    async def test_a_scope_that_has_written_reads_from_the_primary(self, followed: DatabaseContainer) -> None:
        """The shortcut through threads respects the write too."""
        new = {"email": "new@example.com", "username": "new"}
        async with scope():
            assert "other" == await followed.async_reads().read(username)
            await followed.async_transactions().run_sync(lambda session: session.add(User(**new)))
            assert "own" == await followed.async_reads().read(username)
