"""While a server is silent, one attempt to connect serves all, and nobody waits for longer than it takes."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sessionscope._compat.sqlalchemy import await_in_greenlet
from sessionscope.database import gates, reachability
from sessionscope.database.engine import build_async_engine
from sessionscope.database.errors import Failure, failure_of
from sessionscope.database.replicas import build_async_replicas
from sessionscope.settings import DatabaseSettings

pytestmark = pytest.mark.isolation("none")

# How long an attempt takes while the server is silent. A wait of several attempts is much longer.
ATTEMPT_SECONDS: Final = 0.3
TASKS: Final = 20


class Server:
    """How the server treats attempts to connect, and how many there were.

    Attributes:
        is_silent: Whether attempts fail late.
        refuses: Whether attempts fail at once.
        most: The greatest number of attempts at the same time.
    """

    def __init__(self) -> None:
        self.is_silent = self.refuses = False
        self.attempts = self.most = self._now = 0

    def connect(self, *_: object) -> None:
        """Listen to ``do_connect``."""
        self.attempts += 1
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            await_in_greenlet(asyncio.sleep(ATTEMPT_SECONDS if self.is_silent else 0.01))
        finally:
            self._now -= 1
        if self.is_silent:
            raise TimeoutError
        if self.refuses:
            raise ConnectionRefusedError


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Give a server that answers, and let all decisions be made sooner."""
    monkeypatch.setattr(reachability, "SILENT_SECONDS", ATTEMPT_SECONDS / 2)
    monkeypatch.setattr(reachability, "DOUBT_SECONDS", 0.04)
    monkeypatch.setattr(gates, "SECONDS_BETWEEN_DOUBTS", 0.02)
    return Server()


@pytest.fixture
async def pooled(server: Server, tmp_path: Path) -> AsyncGenerator[Callable[[int], AsyncEngine], None]:
    """Yield ``pooled(size)``, which makes an engine with a pool of this size."""
    engines: list[AsyncEngine] = []

    def pooled(size: int) -> AsyncEngine:
        settings = DatabaseSettings(url=f"sqlite:///{tmp_path}/x.db", pool_size=size, max_overflow=0)
        engines.append(build_async_engine(settings))
        event.listen(engines[-1].sync_engine, "do_connect", server.connect, insert=True)
        return engines[-1]

    yield pooled
    for engine in engines:
        pool: Any = engine.pool
        assert (0, 0) == (pool.checkedout(), pool.waiters)
        await engine.dispose()


async def outcomes(engine: AsyncEngine) -> tuple[list[BaseException | None], float]:
    """Let many tasks connect at the same time; return their errors and the seconds until the last one has ended."""

    async def connect() -> None:
        async with engine.connect():
            pass

    began = time.monotonic()
    ended = await asyncio.gather(*(connect() for _ in range(TASKS)), return_exceptions=True)
    return ended, time.monotonic() - began


async def find_silent(engine: AsyncEngine) -> None:
    """Let an attempt fail late."""
    with pytest.raises(TimeoutError):
        await engine.connect()


class TestSilence:
    async def test_one_attempt_serves_all(self, pooled: Callable[[int], AsyncEngine], server: Server) -> None:
        """Tasks that need a new connection, and tasks in the pool's line, all fail with the same attempt."""
        engine, server.is_silent = pooled(TASKS // 2), True
        await find_silent(engine)
        errors, seconds = await outcomes(engine)
        assert [OperationalError] * TASKS == [type(each) for each in errors]
        assert {Failure.UNREACHABLE} == {failure_of(each) for each in errors if each}
        assert 2 == server.attempts
        assert seconds < 2 * ATTEMPT_SECONDS

    async def test_first_failure_ends_the_wait_of_all(
        self, pooled: Callable[[int], AsyncEngine], server: Server
    ) -> None:
        """Before the silence is known, a few tasks try to connect, and the others wait for these only."""
        engine, server.is_silent = pooled(TASKS), True
        errors, seconds = await outcomes(engine)
        assert None not in errors
        assert reachability.CONNECTS_AT_A_TIME == server.attempts
        assert seconds < 2 * ATTEMPT_SECONDS

    async def test_line_fails_if_all_connections_are_stuck(
        self, pooled: Callable[[int], AsyncEngine], server: Server
    ) -> None:
        """If no connection comes back, a task in line finds the silence by an attempt of its own."""
        engine = pooled(1)
        async with engine.connect():
            server.is_silent = True
            errors, seconds = await outcomes(engine)
        assert [OperationalError] * TASKS == [type(each) for each in errors]
        assert seconds < 2 * ATTEMPT_SECONDS

    async def test_open_connections_go_on_serving(self, pooled: Callable[[int], AsyncEngine], server: Server) -> None:
        """If only new connections fail, as in a server that is full, the line is served by those that come back."""
        engine = pooled(1)
        held = await engine.connect()
        server.is_silent = True
        waiting = [asyncio.ensure_future(engine.connect().start()) for _ in range(2)]
        await asyncio.sleep(ATTEMPT_SECONDS / 2)
        await held.close()
        first = await waiting[0]
        await asyncio.sleep(ATTEMPT_SECONDS)
        await first.close()
        await (await waiting[1]).close()
        assert server.attempts >= 2

    async def test_silence_is_found_while_an_idle_connection_is_tested(
        self, pooled: Callable[[int], AsyncEngine], server: Server
    ) -> None:
        """A task whose test gets no response doesn't wait for a whole attempt afterwards."""
        engine = pooled(1)
        async with engine.connect():
            pass
        server.is_silent = True

        @event.listens_for(engine.sync_engine, "checkout")
        def test(*_: object) -> None:
            await_in_greenlet(asyncio.sleep(0.8 * ATTEMPT_SECONDS))
            raise InvalidatePoolError

        await asyncio.sleep(2 * reachability.DOUBT_SECONDS)
        began = time.monotonic()
        with pytest.raises(OperationalError):
            await engine.connect()
        assert time.monotonic() - began < 1.5 * ATTEMPT_SECONDS

    async def test_cancelled_task_leaves_the_attempt_to_the_others(
        self, pooled: Callable[[int], AsyncEngine], server: Server
    ) -> None:
        """The attempt belongs to none of the tasks that wait for it."""
        engine, server.is_silent = pooled(2), True
        await find_silent(engine)
        cancelled, other = (asyncio.ensure_future(engine.connect().start()) for _ in range(2))
        await asyncio.sleep(ATTEMPT_SECONDS / 2)
        cancelled.cancel()
        with pytest.raises(OperationalError):
            await other
        assert (True, 2) == (cancelled.cancelled(), server.attempts)

    async def test_dispose_ends_the_attempt(self, pooled: Callable[[int], AsyncEngine], server: Server) -> None:
        """A container that is closed leaves no task behind. A task that waits then connects by itself."""
        engine, server.is_silent = pooled(1), True
        await find_silent(engine)
        waiting = asyncio.ensure_future(engine.connect().start())
        await asyncio.sleep(0.05)
        server.is_silent = False
        await engine.dispose()
        await (await waiting).close()


class TestRefusal:
    async def test_refusal_is_no_silence(self, pooled: Callable[[int], AsyncEngine], server: Server) -> None:
        """A refusal costs nothing, so each task tries by itself, and gets the server's own error."""
        engine, server.refuses = pooled(2), True
        errors, _ = await outcomes(engine)
        assert [ConnectionRefusedError] * TASKS == [type(each) for each in errors]
        assert TASKS == server.attempts

    async def test_refusal_ends_the_silence(self, pooled: Callable[[int], AsyncEngine], server: Server) -> None:
        """The host is back, although its database does not run yet."""
        engine, server.is_silent = pooled(1), True
        await find_silent(engine)
        server.is_silent, server.refuses = False, True
        with pytest.raises(OperationalError):
            await engine.connect()
        with pytest.raises(ConnectionRefusedError):
            await engine.connect()


class TestRecovery:
    async def test_all_are_served_when_the_server_is_back(
        self, pooled: Callable[[int], AsyncEngine], server: Server
    ) -> None:
        """Only a few connections are opened at a time."""
        engine, server.is_silent = pooled(TASKS), True
        await find_silent(engine)
        server.is_silent, server.most = False, 0
        assert [None] * TASKS == (await outcomes(engine))[0]
        assert reachability.CONNECTS_AT_A_TIME == server.most

    async def test_task_that_waits_meets_the_server_again(
        self, pooled: Callable[[int], AsyncEngine], server: Server
    ) -> None:
        """After an attempt that succeeds, those who waited for it connect."""
        engine, server.is_silent = pooled(1), True
        await find_silent(engine)
        server.is_silent = False
        connection: AsyncConnection = await engine.connect()
        await connection.close()
        assert 3 == server.attempts


async def test_attempt_that_serves_all_may_lead_to_the_primary(tmp_path: Path) -> None:
    """It belongs to no connection of the pool, and no replica answers."""
    settings = DatabaseSettings(url=f"sqlite:///{tmp_path}/x.db", replica_urls=[f"sqlite:///{tmp_path}/missing/x.db"])
    engine = build_async_replicas(settings)
    assert engine is not None
    pool: Any = engine.pool
    pool._reachability.is_silent = True
    async with engine.connect():
        assert not pool._reachability.is_silent
    await engine.dispose()
