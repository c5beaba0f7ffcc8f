"""One line loads the kit; the rest says which event loop async tests run on."""

import pytest

pytest_plugins = ["tests.testkit.plugin", "tests.servers.plugin", "pytester"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio, the only loop that the database drivers know."""
    return "asyncio"
