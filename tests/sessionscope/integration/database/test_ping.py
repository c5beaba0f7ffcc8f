"""Idle pooled connections are tested before use, so dead ones cause no errors."""

from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine, select, text

from sessionscope.database import idle
from sessionscope.database.engine import build_engine
from sessionscope.settings import DatabaseSettings
from tests.sessionscope.service.containers import ApplicationContainer

USED_JUST_NOW = 60.0
# What a connection is called, and how it is ended.
STATEMENTS = {
    "postgresql": ("SELECT pg_backend_pid()", "SELECT pg_terminate_backend({})"),
    "mysql": ("SELECT connection_id()", "KILL {}"),
}


def pings(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Use a connection three times; return an item for each time that it was tested."""
    seen: list[str] = []

    def answer(_: object) -> bool:
        seen.append("ping")
        return True

    monkeypatch.setattr(engine.dialect, "do_ping", answer)
    for _ in range(3):
        with engine.connect() as connection:
            connection.execute(select(1))
    engine.dispose()
    return seen


class Clock:
    """A clock that goes on only when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.seconds


class TestWhen:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({"pool_ping_idle": 0}, 2),
            ({"pool_ping_idle": USED_JUST_NOW}, 0),
            ({"pool_ping_idle": 0, "pool_pre_ping": False}, 0),
        ],
        ids=["each time", "after idling", "never"],
    )
    def test_settings_say_when_to_ping(self, monkeypatch: pytest.MonkeyPatch, values: Any, expected: int) -> None:
        """A new connection needs no test, and neither does one that was used a moment ago."""
        engine = build_engine(DatabaseSettings(url="sqlite:///:memory:", **values))
        assert expected == len(pings(engine, monkeypatch))

    def test_quiet_engine_is_tested_sooner(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """If no connection has come back lately, the server may have fallen silent; otherwise it has just answered."""
        engine = build_engine(DatabaseSettings(url="sqlite:///:memory:", pool_ping_idle=4))
        tested: list[object] = []
        monkeypatch.setattr(engine.dialect, "do_ping", tested.append)
        clock = Clock()
        monkeypatch.setattr(idle, "time", clock)
        with engine.connect(), engine.connect():
            pass
        clock.seconds += 1.5
        for _ in range(2):
            # Each time, the one of the two that was idle longer.
            with engine.connect():
                pass
        assert 1 == len(tested)
        engine.dispose()

    def test_one_that_fails_is_replaced(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The caller notices nothing: the pool connects again."""
        engine = build_engine(DatabaseSettings(url="sqlite:///:memory:", pool_ping_idle=0))

        def fail(_: object) -> bool:
            raise engine.dialect.loaded_dbapi.OperationalError("gone")

        with engine.connect() as connection:
            first = connection.connection.dbapi_connection
        monkeypatch.setattr(engine.dialect, "do_ping", fail)
        monkeypatch.setattr(engine.dialect, "is_disconnect", lambda *_: True)
        with engine.connect() as connection:
            assert first is not connection.connection.dbapi_connection
        engine.dispose()


@pytest.mark.every_database(but=["sqlite"])
@pytest.mark.isolation("database")
class TestKilledConnections:
    async def test_nobody_gets_a_500(self, container: ApplicationContainer, async_client: httpx2.AsyncClient) -> None:
        """Connections that are killed right after use are not tested: clients get a 503, and the next request works."""
        user = await make_user(async_client)
        await kill_connections(container)
        responses = [await async_client.get(f"/users/{user['id']}") for _ in range(3)]
        assert {response.status_code for response in responses} <= {200, 503}
        assert all("retry-after" in response.headers for response in responses if response.status_code == 503)
        assert 200 == responses[-1].status_code

    async def test_a_write_is_run_again(
        self, container: ApplicationContainer, async_client: httpx2.AsyncClient
    ) -> None:
        """A unit of work survives the loss of its connection."""
        await make_user(async_client, "ann")
        await kill_connections(container)
        await make_user(async_client, "bob")
        assert 2 == (await async_client.get("/users/")).json()["total"]


async def make_user(client: httpx2.AsyncClient, name: str = "ann") -> dict[str, Any]:
    """Create a user and return it as the service shows it."""
    response = await client.post("/users/", json={"email": f"{name}@example.com", "username": name})
    assert 201 == response.status_code, response.text
    user: dict[str, Any] = response.json()
    return user


async def kill_connections(container: ApplicationContainer) -> None:
    """End the pooled connections of the service on the server's side, of which there must be some."""
    engine = container.database.async_engine()
    asked, killed = STATEMENTS[engine.dialect.name]
    pool: Any = engine.pool
    async with AsyncExitStack() as pooled:
        connections = [await pooled.enter_async_context(engine.connect()) for _ in range(pool.checkedin())]
        numbers = [int((await connection.execute(text(asked))).scalar_one()) for connection in connections]
    assert numbers
    killer = build_engine(DatabaseSettings(url=container.database.engine().url.render_as_string(hide_password=False)))
    with killer.connect() as connection:
        for number in numbers:
            connection.execute(text(killed.format(number)))
    killer.dispose()
