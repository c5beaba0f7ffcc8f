"""Objects that a service opens asynchronously are open in its tests, in the event loop that uses them."""

from collections.abc import Callable

import pytest

TESTS = """
import asyncio

import httpx2
import pytest
from fastapi import Request

from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.settings import Settings
from tests.sessionscope.service.containers import ApplicationContainer
from sessionscope import NotOpenError, Shared
from sessionscope.testing.template import MEMORY
from tests.sessionscope.unit.lifetimes.probes import Broker, Log

log = Log()


async def open_broker(log):
    async with Broker(log) as broker:
        yield broker


class Container(ApplicationContainer):
    broker = Shared[Broker](open_broker, log)


@pytest.fixture(scope="session")
def make_container():
    return lambda: Container(settings=Settings(database=MEMORY))


@pytest.fixture(scope="session")
def make_app():
    def make(container):
        app = create_app(container)

        @app.post("/publish/{message}")
        async def publish(message: str, request: Request) -> str:
            return await request.app.state.container.broker().publish(message)

        return app

    return make


@pytest.fixture(autouse=True)
def everything_is_closed():
    yield
    assert log.count("broker opened") == log.count("broker closed")


@pytest.fixture(autouse=True)
def _container(everything_is_closed, container):
    pass


@pytest.mark.parametrize("again", [1, 2])
def test_sync_client(client, again):
    assert client.post("/publish/a").json() == client.post("/publish/a").json() == "sent a"


@pytest.mark.parametrize("again", [1, 2])
async def test_async_client(async_client, again):
    assert (await async_client.post("/publish/b")).json() == "sent b"
    assert (await async_client.post("/publish/b")).json() == "sent b"


async def test_in_process(opened):
    assert await opened.broker().publish("c") == "sent c"


async def test_both(opened, async_client):
    assert await opened.broker().publish("d") == "sent d"
    assert (await async_client.post("/publish/d")).json() == "sent d"


def test_server(server):
    assert httpx2.post(f"{server.url}/publish/e").json() == "sent e"


def test_nobody_opens(container):
    with pytest.raises(NotOpenError, match="^broker is opened asynchronously"):
        container.broker()


class TestFakes:
    class Fake:
        async def publish(self, message):
            return "faked"

    @pytest.fixture(autouse=True)
    def fake(self, override):
        override("broker", self.Fake())
        before = log.count("broker opened")
        yield
        assert log.count("broker opened") == before

    def test_sync(self, client):
        assert client.post("/publish/f").json() == "faked"

    async def test_async(self, async_client):
        assert (await async_client.post("/publish/f")).json() == "faked"
"""

SELECTED = """
from dependency_injector import providers


class Container(ApplicationContainer):
    broker = providers.Selector(providers.Object("open"), open=Shared[Broker](open_broker, log))
"""

FAKED = """
    def make():
        container = Container(settings=Settings(database=MEMORY))
        container.broker.override(Shared(FakeBroker))
        return container

    class FakeBroker:
        async def publish(self, message):
            return f"faked {message}"

    return make
"""


class TestOpening:
    @pytest.mark.parametrize("extra", [("-p", "randomly"), ("-n", "2")], ids=["random", "xdist"])
    def test_every_client_finds_it_open(self, run: Callable[..., pytest.RunResult], extra: tuple[str, ...]) -> None:
        """The object is opened for each test and closed after it, unless it is overridden."""
        run(TESTS, *extra).assert_outcomes(passed=10)

    def test_fake_in_make_container_is_used_by_all_tests(self, run: Callable[..., pytest.RunResult]) -> None:
        """The real object is never opened."""
        made = "return lambda: Container(settings=Settings(database=MEMORY))"
        assert made in TESTS
        run(
            TESTS.partition("@pytest.mark.parametrize")[0].replace(made, FAKED)
            + """
def test_sync(client):
    assert client.post("/publish/a").json() == "faked a"


async def test_async(async_client, opened):
    assert (await async_client.post("/publish/b")).json() == await opened.broker().publish("b") == "faked b"
    assert log.count("broker opened") == 0
"""
        ).assert_outcomes(passed=2)

    def test_object_without_a_name_is_open(self, run: Callable[..., pytest.RunResult]) -> None:
        """Only a selector names it."""
        declared = """
class Container(ApplicationContainer):
    broker = Shared[Broker](open_broker, log)
"""
        assert declared in TESTS
        run(
            TESTS.partition("@pytest.mark.parametrize")[0].replace(declared, SELECTED)
            + """
async def test_async(async_client):
    assert (await async_client.post("/publish/b")).json() == "sent b"
"""
        ).assert_outcomes(passed=1)
