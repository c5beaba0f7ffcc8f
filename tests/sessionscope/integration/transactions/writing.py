"""Units of work for the tests of SQLite's writer."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from sessionscope import scope
from sessionscope.transactions.options import TransactionOptions
from tests.sessionscope.integration.transactions.test_unit_of_work import add_plainly
from tests.sessionscope.service.containers import ApplicationContainer

T = TypeVar("T")


class Slow:
    """A unit of work that adds a user, and stays in the thread until it is told to end."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.begun = threading.Event()
        self.may_end = threading.Event()
        self.runs = 0
        self._fails = fails

    def __call__(self, session: Session) -> None:
        """Add the user, and stay."""
        self.runs += 1
        add_plainly(session)
        self.begun.set()
        assert self.may_end.wait(10)
        if self._fails is not None:
            raise self._fails

    async def start(self, container: ApplicationContainer) -> "asyncio.Task[None]":
        """Return the task of the unit, which is running."""
        task = asyncio.ensure_future(run(container, self))
        assert await asyncio.to_thread(self.begun.wait, 10)
        return task


async def run(
    container: ApplicationContainer,
    work: Callable[[Session], T],
    options: TransactionOptions = TransactionOptions(),  # noqa: B008 - frozen
    **others: Any,
) -> T:
    """Run *work* as a unit in a scope of its own."""
    async with scope():
        return await container.database.async_transactions().run_sync(work, options, **others)


def thread_name(session: Session) -> str:
    """Return the name of the thread that executes the session's statements."""
    session.execute(text("SELECT 1"))
    return threading.current_thread().name


async def settled() -> None:
    """Let the tasks that were made before this one get into the line."""
    for _ in range(5):
        await asyncio.sleep(0)
