"""Several hosts are tried one after the other, and a slow one is not given up for the next."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from sessionscope.database.backends.postgresql import asyncpg_hosts
from sessionscope.database.backends.postgresql.asyncpg_hosts import FirstHost, first_of

asyncpg: Any = pytest.importorskip("asyncpg")
pytestmark = pytest.mark.isolation("none")

HEAD_START = 0.05
REFUSED = ConnectionRefusedError("no server")


class Connection:
    """A connection that knows whether it was closed."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.is_closed = False

    def terminate(self) -> None:
        """Close it at once."""
        self.is_closed = True


class Hosts:
    """Hosts that answer after some seconds, with a connection or an error.

    Attributes:
        asked: The hosts that were asked to connect, in order.
        made: The connections that were made.
    """

    def __init__(self, **answers: tuple[float, Exception | None]) -> None:
        self._answers = answers
        self.asked: list[str] = []
        self.made: list[Connection] = []

    async def connect(self, host: str, **_: Any) -> Connection:
        """Connect as asyncpg does."""
        self.asked.append(host)
        seconds, error = self._answers[host]
        await asyncio.sleep(seconds)
        if error is not None:
            raise error
        self.made.append(Connection(host))
        return self.made[-1]

    def attempts(self) -> list[Callable[[], Coroutine[Any, Any, Connection]]]:
        """Return an attempt for each host."""
        return [lambda host=host: self.connect(host) for host in self._answers]  # type: ignore[misc]


@pytest.fixture(autouse=True)
def short_head_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the tests fast."""
    monkeypatch.setattr(asyncpg_hosts, "HEAD_START_SECONDS", HEAD_START)


async def first(hosts: Hosts) -> str:
    """Return the name of the host that is chosen."""
    connection: Connection = await first_of(hosts.attempts(), passed_over=(OSError,))
    return connection.host


class TestFirstOf:
    async def test_first_host_is_alone_if_it_answers(self) -> None:
        """The others get no connection that nobody needs."""
        hosts = Hosts(a=(0, None), b=(0, None))
        assert ("a", ["a"]) == (await first(hosts), hosts.asked)

    async def test_next_host_is_tried_at_once_after_a_refusal(self) -> None:
        """There is nothing to wait for."""
        hosts = Hosts(a=(0, REFUSED), b=(0, None))
        assert "b" == await first(hosts)

    async def test_slow_host_goes_on_beside_the_next(self) -> None:
        """A server that needs longer than its head start is still right if the others refuse."""
        hosts = Hosts(a=(3 * HEAD_START, None), b=(0, REFUSED))
        assert ("a", ["a", "b"]) == (await first(hosts), hosts.asked)

    async def test_silent_host_is_cancelled_when_another_answers(self) -> None:
        """No task is left behind."""
        hosts = Hosts(a=(60, None), b=(0, None))
        before = asyncio.all_tasks()
        assert "b" == await first(hosts)
        await asyncio.sleep(0)
        assert before == asyncio.all_tasks()

    async def test_connection_that_comes_too_late_is_closed(self) -> None:
        """Two hosts may answer at the same time."""
        at_once = asyncio.Event()
        made: list[Connection] = []

        async def connect() -> Connection:
            await at_once.wait()
            made.append(Connection("any"))
            return made[-1]

        choice = asyncio.ensure_future(first_of([connect, connect], passed_over=()))
        await asyncio.sleep(3 * HEAD_START)
        at_once.set()
        chosen = await choice
        await asyncio.sleep(0)
        assert [False, True] == sorted(each.is_closed for each in made)
        assert not chosen.is_closed

    async def test_last_failure_is_raised(self) -> None:
        """If all hosts fail, the caller gets a reason."""
        with pytest.raises(ConnectionResetError):
            await first(Hosts(a=(0, REFUSED), b=(0, ConnectionResetError())))

    async def test_other_error_is_raised_at_once(self) -> None:
        """A wrong password is wrong on each host."""
        hosts = Hosts(a=(0, LookupError()), b=(0, None))
        with pytest.raises(LookupError):
            await first(hosts)
        assert ["a"] == hosts.asked

    async def test_cancellation_ends_all_attempts(self) -> None:
        """A request that is cancelled leaves no attempt behind."""
        hosts = Hosts(a=(60, None), b=(60, None))
        before = asyncio.all_tasks()
        choice = asyncio.ensure_future(first(hosts))
        await asyncio.sleep(3 * HEAD_START)
        choice.cancel()
        await asyncio.gather(choice, return_exceptions=True)
        await asyncio.sleep(0)
        assert (before, 2) == (asyncio.all_tasks(), len(hosts.asked))


class TestFirstHost:
    @pytest.mark.parametrize(("remembered", "expected"), [(60, ["b"]), (0, ["a", "b"])])
    async def test_host_that_was_right_is_tried_first_for_a_while(
        self, monkeypatch: pytest.MonkeyPatch, remembered: float, expected: list[str]
    ) -> None:
        """A silent first host would delay each connection."""
        hosts = Hosts(a=(60, None), b=(0, None))
        monkeypatch.setattr(asyncpg, "connect", hosts.connect)
        monkeypatch.setattr(asyncpg_hosts, "REMEMBERED_SECONDS", remembered)
        connector = FirstHost()
        for _ in range(2):
            hosts.asked.clear()
            await connector.connect(host=["a", "b"], port=[1, 2], target_session_attrs="any")
        assert expected == hosts.asked
