"""What the tests of the library and those of the service share."""

import pytest

pytest_plugins = ["sessionscope.testing.plugin", "sessionscope.testing.servers.plugin", "pytester"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio, the only loop that the database drivers know."""
    return "asyncio"
