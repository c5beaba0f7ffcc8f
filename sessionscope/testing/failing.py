"""Failures that a test can cause in a healthy database."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine


@contextmanager
def lost_commit(engine: Engine | AsyncEngine) -> Generator[None, None, None]:
    """Execute the first COMMIT of the block, but lose its response. Fail if the block commits nothing."""
    dialect: Any = engine.dialect
    commit = dialect.do_commit
    # An error of the driver's own class, without a code.
    error: Exception = dialect.loaded_dbapi.OperationalError("server closed the connection unexpectedly")
    raised: list[Exception] = []

    def lose(connection: Any) -> None:
        commit(connection)
        if not raised:
            raised.append(error)
            raise error

    dialect.do_commit = lose
    try:
        yield
    finally:
        dialect.do_commit = commit
    assert raised, "the block committed nothing"
