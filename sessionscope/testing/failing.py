"""Failures that a test can cause in a healthy database."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine


@contextmanager
def lost_commit(*engines: Engine | AsyncEngine) -> Generator[None, None, None]:
    """Execute the first COMMIT of the block, but lose its response. Fail if the block commits nothing.

    Args:
        engines: The engines that may commit first. On SQLite, a unit of work that is a plain function commits on the
            sync engine.
    """
    raised: list[Exception] = []
    dialects: list[Any] = [engine.dialect for engine in engines]
    commits = [dialect.do_commit for dialect in dialects]
    for dialect in dialects:
        dialect.do_commit = partial(_lose, dialect.do_commit, dialect.loaded_dbapi.OperationalError, raised)
    try:
        yield
    finally:
        for dialect, commit in zip(dialects, commits, strict=True):
            dialect.do_commit = commit
    assert raised, "the block committed nothing"


def _lose(commit: Callable[[Any], None], kind: type[Exception], raised: list[Exception], connection: Any) -> None:
    commit(connection)
    if not raised:
        # An error of the driver's own class, without a code.
        raised.append(kind("server closed the connection unexpectedly"))
        raise raised[0]
