"""Unit tests use no engine. A test that connects to a database is an integration test."""

from collections.abc import Generator
from typing import Any

import pytest
from sqlalchemy import Engine, event


@pytest.fixture(autouse=True)
def _no_engine_connects() -> Generator[None, None, None]:
    """Fail a test in which an engine connects, also where the test expects an error."""
    connected: list[str] = []

    def note(connection: Any) -> None:
        connected.append(connection.engine.url.render_as_string())

    event.listen(Engine, "engine_connect", note)
    yield
    event.remove(Engine, "engine_connect", note)
    if connected:
        pytest.fail(
            f"a unit test runs no engine, but that of {connected[0]} connected: see tests/sessionscope/integration"
        )
