"""Failures that a test brings about in a database that is well."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine


@contextmanager
def lost_commit(engine: Engine | AsyncEngine) -> Generator[None, None, None]:
    """Do the first COMMIT of the block, but lose its response; fail where the block commits nothing."""
    dialect: Any = engine.dialect
    commit = dialect.do_commit
    # The driver's own error, without a code.
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
