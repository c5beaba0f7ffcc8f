"""The fixtures of the kit, its marker, and the hunt for leaks after each test.

Isolation modes, by ``@pytest.mark.isolation(mode)`` or the ini option ``isolation``:

- ``transaction`` (the default): one transaction per test, rolled back; requests are served one at a time.
- ``database``: a database per test, copied from a migrated template; for code whose own
  rollback, locking or concurrency is under test. Tests that use `server` have it without asking.
- ``none``: no database is put in place; the test brings its own.

A service says what to test by overriding `make_container` and `make_app` in its ``conftest.py``. Two services may be
tested in one run, each with a ``conftest.py`` in the folder of its tests.
"""

import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from sessionscope.testing import queries
from sessionscope.testing.kit import MODES, Kit, Kits, Service
from sessionscope.testing.overrides import Override
from sessionscope.testing.serial import OneAtATime
from sessionscope.testing.serving import Server, serving
from sessionscope.testing.targets import Target, uses_drivers

pytest_plugins = ["sessionscope.testing.matrix"]
# Far longer than a thread takes that has nothing more to do.
END_SECONDS: Final = 1.0
# In the session's configuration.
KITS: Final = pytest.StashKey[Kits]()
# In a test that has one.
KIT: Final = pytest.StashKey[Kit]()
HOW_TO_START: Final = "the kit does not know your service; see docs/testing.md"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini option."""
    parser.addini("isolation", f"isolation mode of tests without a marker: {', '.join(MODES)}", default="transaction")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    config.addinivalue_line("markers", "isolation(mode): transaction, database or none; see docs/testing.md")
    config.addinivalue_line(
        "markers", "leaky: the test shows something that leaks; what it leaves is closed, and no fault"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse unknown modes before anything runs."""
    for item in items:
        mode_of(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Begin to watch what the test opens."""
    kit = item.stash.get(KIT, None)
    if kit is not None:
        kit.watch.test_begins()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that left something open, once its fixtures have closed theirs."""
    result = yield
    kit = item.stash.get(KIT, None)
    leaks = kit.watch.leaks(kit.container) if kit is not None else []
    if kit is not None and leaks:
        kit.distrust()
    if leaks and item.get_closest_marker("leaky") is None:
        pytest.fail("\n".join(leaks), pytrace=False)
    return result


def mode_of(item: pytest.Item) -> str:
    """Return the isolation mode of a test: its marker's, its fixtures', or the ini option's."""
    marker = item.get_closest_marker("isolation")
    if marker is not None:
        mode = str(marker.args[0]) if marker.args else ""
    elif "server" in _fixtures(item) or uses_drivers(item):
        mode = "database"
    else:
        mode = str(item.config.getini("isolation"))
    if mode not in MODES:
        raise pytest.UsageError(f"{item.nodeid}: isolation mode {mode!r} is none of {', '.join(MODES)}")
    return mode


def _fixtures(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])


@pytest.fixture(scope="session")
def make_container() -> Callable[[], Any] | None:
    """Give the function that makes the container, whose databases are replaced test by test; None: no kit is wanted."""
    return None


@pytest.fixture(scope="session")
def make_app() -> Callable[[Any], Any]:
    """Give the function that makes the application over a container."""
    return _refuse_to_make_app


def _refuse_to_make_app(_: Any) -> Any:
    raise pytest.UsageError(f"define the fixture `make_app` in conftest.py: {HOW_TO_START}")


@pytest.fixture(scope="session")
def alembic_project(request: pytest.FixtureRequest) -> Path:
    """Give the folder whose ``pyproject.toml`` configures Alembic: by default pytest's root directory."""
    return request.config.rootpath


@pytest.fixture(autouse=True)
def _kit_from_the_start(request: pytest.FixtureRequest, make_container: Callable[[], Any] | None) -> None:
    """Watch every test of a project that uses the kit, and leave other projects alone."""
    if make_container is not None:
        request.getfixturevalue("kit")


@pytest.fixture(scope="session")
def kits(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Kits, None, None]:
    """Give the kit of each service that this worker tests."""
    kits = Kits(lambda: tmp_path_factory.mktemp("kit"))
    request.config.stash[KITS] = kits
    yield kits
    del request.config.stash[KITS]
    kits.close()


@pytest.fixture
def kit(
    request: pytest.FixtureRequest,
    kits: Kits,
    make_container: Callable[[], Any] | None,
    make_app: Callable[[Any], Any],
    alembic_project: Path,
) -> Kit:
    """Give what this worker's tests of the service share."""
    if make_container is None:
        raise pytest.UsageError(f"define the fixture `make_container` in conftest.py: {HOW_TO_START}")
    kit = kits.of(Service(make_container, make_app, alembic_project))
    request.node.stash[KIT] = kit
    return kit


@pytest.fixture
def isolation(request: pytest.FixtureRequest) -> str:
    """Give the test's isolation mode."""
    return mode_of(request.node)


@pytest.fixture
def container(kit: Kit, isolation: str, target: Target) -> Generator[Any, None, None]:
    """Give the service's container, with the test's database in it."""
    with kit.isolated(isolation, target) as container:
        yield container


@pytest.fixture
def database_url(kit: Kit, target: Target, tmp_path: Path) -> str:
    """Give the URL of a migrated database of the test's own, for one that builds engines itself."""
    if target.url is None:
        return f"sqlite:///{kit.template.copy_to(tmp_path / 'own.db')}"
    return kit.own_url(target).render_as_string(hide_password=False)


@pytest.fixture
def empty_database_url(kit: Kit, target: Target, tmp_path: Path) -> str:
    """Give the URL of a database without any table."""
    if target.url is None:
        return f"sqlite:///{tmp_path}/empty.db"
    return kit.own_url(target, migrated=False).render_as_string(hide_password=False)


@pytest.fixture
def override(kit: Kit, container: Any, isolation: str) -> Generator[Override, None, None]:
    """Give a function that swaps a provider until the test ends: ``override("users", FakeUsers())``."""
    with ExitStack() as undo:
        yield Override(container, dict(kit.databases()), isolation, undo)


@pytest.fixture
def session(container: Any) -> Generator[Session, None, None]:
    """Give a sync session on the test's database."""
    with container.database.session_factory()() as session:
        yield session


@pytest.fixture
async def async_session(container: Any) -> AsyncGenerator[AsyncSession, None]:
    """Give an async session on the test's database."""
    async with container.database.async_session_factory()() as session:
        yield session


@pytest.fixture
def asgi(kit: Kit, container: Any, isolation: str) -> OneAtATime:  # noqa: ARG001 - its database is in place
    """Give the application over the test's container as in-process clients call it."""
    asgi = kit.asgi
    asgi.enabled = isolation == "transaction"
    return asgi


@pytest.fixture
def app(asgi: OneAtATime) -> Any:
    """Give the application over the test's container."""
    return asgi.app


@pytest.fixture
def client(kit: Kit, asgi: OneAtATime) -> Generator[TestClient, None, None]:  # noqa: ARG001 - ready to be called
    """Give a sync HTTP client, without cookies; it sees errors as responses."""
    portal: Any = kit.client.portal
    is_ours = kit.takes_opening and portal.call(kit.open)
    yield kit.client
    kit.client.cookies.clear()
    if is_ours:
        portal.call(kit.close_what_is_open)


@pytest.fixture
async def opened(kit: Kit, container: Any) -> AsyncGenerator[Any, None]:
    """Give the container, with what it opens asynchronously open in the test's own loop."""
    is_ours = await kit.open()
    yield container
    if is_ours:
        await kit.close_what_is_open()


@pytest.fixture
async def async_client(asgi: OneAtATime, opened: Any) -> AsyncGenerator[httpx2.AsyncClient, None]:  # noqa: ARG001
    """Give an HTTP client in the test's own loop; it sees errors as responses."""
    transport = httpx2.ASGITransport(asgi, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


@pytest.fixture
def server(app: Any) -> Generator[Server, None, None]:
    """Give the application behind a real HTTP server on a free loopback port."""
    with serving(app) as server:
        yield server


@pytest.fixture
def query_log() -> Callable[[], AbstractContextManager[queries.QueryLog]]:
    """Give a context manager that records the SQL of its block."""
    return queries.query_log


@pytest.fixture
async def failed_connections_end() -> AsyncGenerator[None, None]:
    """Wait, while the loop still runs, for the driver's threads to end.

    A connection that can't be opened ends its thread after the caller has had the error; the
    thread then tells a loop that a test may have closed by then. One that goes on belongs to a
    connection that the kit keeps.
    """
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if "_connection_worker_thread" in thread.name:
            await to_thread.run_sync(thread.join, END_SECONDS)
