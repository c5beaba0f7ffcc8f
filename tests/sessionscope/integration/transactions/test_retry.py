"""The failures after which a unit of work runs again."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from sessionscope import scope
from sessionscope.database.errors import Failure
from sessionscope.transactions import retry
from sessionscope.transactions.retry import name_of
from tests.sessionscope.service.containers import ApplicationContainer

LOST, UNREACHABLE, DEADLOCK, READ_ONLY, SYNTAX = "57P01", "08001", "40P01", "25006", "42601"


def failed(sqlstate: str) -> DBAPIError:
    """Return the error that a driver's would be wrapped in."""
    cause: Any = Exception(sqlstate)
    cause.sqlstate = sqlstate
    return DBAPIError("SELECT", {}, cause, connection_invalidated=sqlstate == LOST)


@pytest.fixture(name="run")
def _run(container: ApplicationContainer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Give a function that runs a unit which fails as told, once per code; returns the number of its runs."""
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.0001)

    async def run(*codes: str) -> int:
        runs: list[int] = []

        async def work(_: AsyncSession) -> None:
            runs.append(1)
            if len(runs) <= len(codes):
                raise failed(codes[len(runs) - 1])

        async with scope():
            with suppress(DBAPIError):
                await container.database.async_transactions().run(work)
        return len(runs)

    return run


class TestWhatIsRunAgain:
    @pytest.mark.parametrize(
        ("codes", "runs"),
        [
            ((DEADLOCK,), 2),
            ((DEADLOCK, DEADLOCK, DEADLOCK), 4),
            ((LOST,), 2),
            ((UNREACHABLE,), 1),
            ((READ_ONLY,), 1),
            ((SYNTAX,), 1),
            ((LOST, SYNTAX), 2),
            ((DEADLOCK, UNREACHABLE), 2),
            # Another server may be taking over.
            ((LOST, UNREACHABLE, READ_ONLY, UNREACHABLE), 5),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
    )
    async def test_retry_depends_on_earlier_failures(self, run: Any, codes: tuple[str, ...], runs: int) -> None:
        """A unit runs again after a conflict. It waits for an unreachable server only if it lost the server midway."""
        assert runs == await run(*codes)

    async def test_attempts_do_not_count_while_servers_change(self, run: Any, container: ApplicationContainer) -> None:
        """While servers change, attempts don't count, within the patience in the settings."""
        container.database.retry_policy().attempts = 2
        assert 5 == await run(LOST, UNREACHABLE, UNREACHABLE, UNREACHABLE)

    async def test_patience_has_an_end(self, run: Any, container: ApplicationContainer) -> None:
        """A client is not kept waiting for ever."""
        policy = container.database.retry_policy()
        policy.patience_seconds = 0
        assert 1 == await run(LOST, UNREACHABLE)
        assert {Failure.CONNECTION_LOST: 1} == policy.counts.given_up

    async def test_patience_counts_from_the_first_run(
        self, container: ApplicationContainer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A client that has waited for a silent server in the first run doesn't wait as long again."""
        monkeypatch.setattr(retry, "FIRST_WAIT", 0.0001)
        container.database.retry_policy().patience_seconds = 0.2
        runs: list[int] = []

        async def work(_: AsyncSession) -> None:
            runs.append(1)
            await asyncio.sleep(0.3)
            raise failed(LOST)

        async with scope():
            with pytest.raises(DBAPIError):
                await container.database.async_transactions().run(work)
        assert [1] == runs


class TestLog:
    async def test_a_unit_is_named_without_its_arguments(
        self, container: ApplicationContainer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A line says which function is run again and why, by a stable code; amounts and names stay out of the log."""
        monkeypatch.setattr(retry, "FIRST_WAIT", 0.0001)
        codes = [DEADLOCK]

        async def move(_: AsyncSession, *, data: str) -> str:
            if codes:
                raise failed(codes.pop())
            return data

        async with scope():
            await container.database.async_transactions().run(partial(move, data="ann@example.com 25.50"))
        (line,) = caplog.messages
        assert f"{move.__qualname__}: run 1: deadlock: " in line
        assert "ann" not in line

    def test_a_callable_object_is_named_by_its_class(self) -> None:
        """A callable object may hold secrets, so only its class is logged."""

        class Move:
            def __call__(self) -> None: ...

        assert Move.__qualname__ == name_of(partial(Move()))
