"""Fifty requests that are in flight at once, and what each of them saw of its sessions."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

# Far longer than any wait here: it ends a test that would hang.
PATIENCE_SECONDS = 15
# The request that ends before the others go on.
FIRST = 0

Key = tuple[int, str]


class Gate:
    """Something to wait for, from threads and from coroutines of any loop; it opens once and stays open."""

    def __init__(self) -> None:
        self._opened: Future[None] = Future()
        self._lock = threading.Lock()

    def open(self) -> None:
        """Let everybody pass."""
        with self._lock:
            if not self._opened.done():
                self._opened.set_result(None)

    def when_open(self, work: Callable[[object], None]) -> None:
        """Do *work* when the gate opens, in the thread that opens it."""
        self._opened.add_done_callback(work)

    def wait(self) -> None:
        """Hold up this thread until the gate opens."""
        self._opened.result(PATIENCE_SECONDS)

    async def async_wait(self) -> None:
        """Wait until the gate opens; being cancelled meanwhile leaves the gate as it is."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.shield(asyncio.wrap_future(self._opened))


class Crowd:
    """The requests of one run.

    Nobody goes on before all are there, and only the first does before it has ended: so
    the sessions exist at the same time, and each one outlives another's end.

    Attributes:
        made: Every session that a factory made; kept, so that none is closed by the garbage collector.
        seen: The sessions that each part of each request was given.
        closed_early: The parts that were given a session that had been closed.
        everyone: Opens when all requests are there.
        settled: One per request; opens when it has nothing more to do than to end.
        endings: One per request; those that would go on for ever end when it opens.
        statement: Lasts until the ending of the request whose number is filled in.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.statement = ""
        self.made: list[Session | AsyncSession] = []
        self.seen: defaultdict[Key, list[Session | AsyncSession]] = defaultdict(list)
        self.closed_early: set[Key] = set()
        self.everyone = Gate()
        self.settled = [Gate() for _ in range(size)]
        self.endings = [Gate() for _ in range(size)]
        self._first_left = Gate()
        self._here: set[int] = set()
        self._lock = threading.Lock()

    def recording(self, factory: Callable[..., Any]) -> Callable[..., Any]:
        """Return *factory*, with what it makes kept in `made`."""

        def make(**options: Any) -> Any:
            session = factory(**options)
            self.made.append(session)
            return session

        return make

    def arrive(self, number: int) -> None:
        """Count a request in."""
        with self._lock:
            self._here.add(number)
            complete = len(self._here) == self.size
        if complete:
            self.everyone.open()

    def leave(self, number: int) -> None:
        """Count a request out, also one that failed before it came to the others."""
        self.arrive(number)
        self.settled[number].open()
        self._first_left.open()

    def wait(self, number: int) -> None:
        """Wait for all, and all but the first for the end of the first."""
        self.arrive(number)
        self.everyone.wait()
        if number != FIRST:
            self._first_left.wait()

    async def async_wait(self, number: int) -> None:
        """As `wait`."""
        self.arrive(number)
        await self.everyone.async_wait()
        if number != FIRST:
            await self._first_left.async_wait()

    def hold(self, number: int) -> int:
        """Block the caller until request *number* may end; the database calls this as a function."""
        self.endings[number].wait()
        return number


class Visitor:
    """One request's part in a crowd.

    What an endpoint is given goes through here: it is noted, and a statement is run. Two
    users of one session at once would fail in a way that differs from run to run; taking
    turns leaves the plain fact that it is shared.
    """

    def __init__(self, crowd: Crowd, number: int, part: str = "endpoint") -> None:
        self.crowd, self.number, self.part = crowd, number, part

    def at(self, part: str) -> "Visitor":
        """Return the visitor of another part of the same request, which is to have sessions of its own."""
        return Visitor(self.crowd, self.number, part)

    def use(self, *sessions: Session) -> None:
        """Run a statement in each session."""
        self._note(*sessions)
        for session in sessions:
            with session.info.setdefault("turn", threading.Lock()):
                self._look(session)
                session.execute(select(1))

    def visit(self, *sessions: Session) -> str:
        """Use the sessions, wait for the crowd, and use them again."""
        self.use(*sessions)
        self.crowd.wait(self.number)
        self.use(*sessions)
        self.crowd.settled[self.number].open()
        return "done"

    def stay(self, session: Session) -> None:
        """Be in a statement until the request may end."""
        with session.info["turn"]:
            session.execute(text(self.crowd.statement.format(self.number)))

    async def async_use(self, *sessions: AsyncSession) -> None:
        """As `use`."""
        self._note(*sessions)
        for session in sessions:
            async with session.info.setdefault("turn", asyncio.Lock()):
                self._look(session)
                await session.execute(select(1))

    async def async_visit(self, *sessions: AsyncSession) -> str:
        """As `visit`."""
        await self.async_use(*sessions)
        await self.crowd.async_wait(self.number)
        await self.async_use(*sessions)
        self.crowd.settled[self.number].open()
        return "done"

    async def async_stay(self) -> None:
        """Be there until the request may end."""
        await self.crowd.endings[self.number].async_wait()

    def _note(self, *sessions: Session | AsyncSession) -> None:
        self.crowd.seen[self.number, self.part].extend(sessions)

    def _look(self, session: Session | AsyncSession) -> None:
        if is_closed(session):
            self.crowd.closed_early.add((self.number, self.part))


def is_closed(session: Session | AsyncSession) -> bool:
    """Tell whether *session* was closed for good; does not connect."""
    inner = session.sync_session if isinstance(session, AsyncSession) else session
    if inner.in_transaction():
        return False
    try:
        inner.begin().close()
    except InvalidRequestError:
        return True
    return False
