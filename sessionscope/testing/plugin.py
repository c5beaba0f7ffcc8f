"""The pytest plugin of the kit: its fixtures and markers, and a check for leaks after each test.

Choose an isolation mode with ``@pytest.mark.isolation(mode)`` or the ini option ``isolation``:

- ``transaction`` (the default): each test runs in one transaction, which is rolled back. Requests are served one at
  a time.
- ``database``: each test has its own database, copied from a migrated template. Use this to test rollbacks, locks or
  concurrency. Tests that use `server` are in this mode by default.
- ``none``: the kit provides no database, and the test brings its own.

To name the service under test, override `make_container` and `make_app` in your ``conftest.py``. One run can test two
services if each has a ``conftest.py`` in the folder of its tests.
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
# Much longer than an idle thread needs to end.
END_SECONDS: Final = 1.0
# Stored in the configuration of the session.
KITS: Final = pytest.StashKey[Kits]()
# Stored in each test that has a kit.
KIT: Final = pytest.StashKey[Kit]()
HOW_TO_START: Final = "the kit does not know your service; see docs/testing.md"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini option."""
    parser.addini("isolation", f"isolation mode of tests without a marker: {', '.join(MODES)}", default="transaction")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    config.addinivalue_line("markers", "isolation(mode): transaction, database or none; see docs/testing.md")
    config.addinivalue_line(
        "markers", "leaky: the test leaks on purpose; the kit closes what it leaves open, and doesn't fail the test"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse unknown modes before anything runs."""
    for item in items:
        mode_of(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Start watching what the test opens."""
    kit = item.stash.get(KIT, None)
    if kit is not None:
        kit.watch.test_begins()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that left something open, after its fixtures were torn down."""
    result = yield
    kit = item.stash.get(KIT, None)
    leaks = kit.watch.leaks(kit.container) if kit is not None else []
    if kit is not None and leaks:
        kit.distrust()
    if leaks and item.get_closest_marker("leaky") is None:
        pytest.fail("\n".join(leaks), pytrace=False)
    return result


def mode_of(item: pytest.Item) -> str:
    """Return the isolation mode of a test, from its marker, its fixtures or the ini option."""
    marker = item.get_closest_marker("isolation")
    if marker is not None:
        mode = str(marker.args[0]) if marker.args else ""
    elif "server" in _fixtures(item) or uses_drivers(item):
        mode = "database"
    else:
        mode = str(item.config.getini("isolation"))
    if mode not in MODES:
        raise pytest.UsageError(f"{item.nodeid}: isolation mode {mode!r} is not one of {', '.join(MODES)}")
    return mode


def _fixtures(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])


@pytest.fixture(scope="session")
def make_container() -> Callable[[], Any] | None:
    """Return the function that makes the container. The kit replaces its databases. None means: don't use the kit."""
    return None


@pytest.fixture(scope="session")
def make_app() -> Callable[[Any], Any]:
    """Return the function that makes the application for a container."""
    return _refuse_to_make_app


def _refuse_to_make_app(_: Any) -> Any:
    raise pytest.UsageError(f"define the fixture `make_app` in conftest.py: {HOW_TO_START}")


@pytest.fixture(scope="session")
def alembic_project(request: pytest.FixtureRequest) -> Path:
    """Return the folder whose ``pyproject.toml`` configures Alembic. By default, pytest's root directory."""
    return request.config.rootpath


@pytest.fixture(autouse=True)
def _kit_from_the_start(request: pytest.FixtureRequest, make_container: Callable[[], Any] | None) -> None:
    """Watch every test of a project that uses the kit, and leave other projects alone."""
    if make_container is not None:
        request.getfixturevalue("kit")


@pytest.fixture(scope="session")
def kits(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Kits, None, None]:
    """Yield the kits of the services that this worker tests."""
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
    """Return the kit that this worker's tests of the service share."""
    if make_container is None:
        raise pytest.UsageError(f"define the fixture `make_container` in conftest.py: {HOW_TO_START}")
    kit = kits.of(Service(make_container, make_app, alembic_project))
    request.node.stash[KIT] = kit
    return kit


@pytest.fixture
def isolation(request: pytest.FixtureRequest) -> str:
    """Return the test's isolation mode."""
    return mode_of(request.node)


@pytest.fixture
def container(kit: Kit, isolation: str, target: Target) -> Generator[Any, None, None]:
    """Yield the service's container with the test's database."""
    with kit.isolated(isolation, target) as container:
        yield container


@pytest.fixture
def database_url(kit: Kit, target: Target, tmp_path: Path) -> str:
    """Return the URL of a migrated database for this test alone. Use it in a test that builds engines itself."""
    if target.url is None:
        return f"sqlite:///{kit.template.copy_to(tmp_path / 'own.db')}"
    return kit.own_url(target).render_as_string(hide_password=False)


@pytest.fixture
def empty_database_url(kit: Kit, target: Target, tmp_path: Path) -> str:
    """Return the URL of a database without tables."""
    if target.url is None:
        return f"sqlite:///{tmp_path}/empty.db"
    return kit.own_url(target, migrated=False).render_as_string(hide_password=False)


@pytest.fixture
def override(kit: Kit, container: Any, isolation: str) -> Generator[Override, None, None]:
    """Yield a function that overrides a provider until the test ends: ``override("users", FakeUsers())``."""
    with ExitStack() as undo:
        yield Override(container, dict(kit.databases()), isolation, undo)


@pytest.fixture
def session(container: Any) -> Generator[Session, None, None]:
    """Yield a sync session on the test's database."""
    with container.database.session_factory()() as session:
        yield session


@pytest.fixture
async def async_session(container: Any) -> AsyncGenerator[AsyncSession, None]:
    """Yield an async session on the test's database."""
    async with container.database.async_session_factory()() as session:
        yield session


@pytest.fixture
def asgi(kit: Kit, container: Any, isolation: str) -> OneAtATime:  # noqa: ARG001 - its database is in place
    """Return the ASGI application for in-process clients. In transaction mode, it serves one request at a time."""
    asgi = kit.asgi
    asgi.enabled = isolation == "transaction"
    return asgi


@pytest.fixture
def app(asgi: OneAtATime) -> Any:
    """Return the application for the test's container."""
    return asgi.app


@pytest.fixture
def client(kit: Kit, asgi: OneAtATime) -> Generator[TestClient, None, None]:  # noqa: ARG001 - ready to be called
    """Yield a sync HTTP client without cookies. It gets error responses instead of exceptions."""
    portal: Any = kit.client.portal
    is_ours = kit.takes_opening and portal.call(kit.open)
    yield kit.client
    kit.client.cookies.clear()
    if is_ours:
        portal.call(kit.close_what_is_open)


@pytest.fixture
async def opened(kit: Kit, container: Any) -> AsyncGenerator[Any, None]:
    """Yield the container, with its asynchronous objects opened in the test's event loop."""
    is_ours = await kit.open()
    yield container
    if is_ours:
        await kit.close_what_is_open()


@pytest.fixture
async def async_client(asgi: OneAtATime, opened: Any) -> AsyncGenerator[httpx2.AsyncClient, None]:  # noqa: ARG001
    """Yield an HTTP client in the test's event loop. It gets error responses instead of exceptions."""
    transport = httpx2.ASGITransport(asgi, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


@pytest.fixture
def server(app: Any) -> Generator[Server, None, None]:
    """Serve the application with a real HTTP server on a free loopback port."""
    with serving(app) as server:
        yield server


@pytest.fixture
def query_log() -> Callable[[], AbstractContextManager[queries.QueryLog]]:
    """Return a context manager that records the SQL statements of its block."""
    return queries.query_log


@pytest.fixture
async def failed_connections_end() -> AsyncGenerator[None, None]:
    """Wait for the driver's threads to end while the event loop still runs.

    If a connection can't be opened, its thread ends only after the caller gets the error, and then calls the event
    loop, which may be closed by that time. A thread that doesn't end belongs to a connection that the kit keeps.
    """
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if "_connection_worker_thread" in thread.name:
            await to_thread.run_sync(thread.join, END_SECONDS)
