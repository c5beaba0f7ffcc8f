"""Records which tasks hold the connections of a pool, since when, and which line of code took them."""

import logging
import time
from collections import defaultdict
from contextvars import ContextVar
from threading import Lock
from typing import Final

from sessionscope.code_lines import code_line

logger = logging.getLogger(__name__)

# What the running code is working on, such as a request. It is turned into text only for a report.
current_task: ContextVar[object] = ContextVar("current_task", default="a task without a name")

# Otherwise each refused request would log the same report.
SECONDS_BETWEEN_REPORTS: Final = 1.0


class Checkout:
    """Somebody's use of a limited resource, such as a connection.

    Attributes:
        task: What uses it. Its text is a name, such as ``GET /users/{user_id}``.
        since: When it was taken, by the monotonic clock.
        line: The line of the service's code that took it.
        is_reported: Whether it was reported as held for too long.
    """

    __slots__ = ("__weakref__", "is_reported", "line", "since", "task")

    def __init__(self) -> None:
        self.task = current_task.get()
        self.since = time.monotonic()
        self.line = code_line()
        self.is_reported = False

    def seconds(self) -> float:
        """Return for how long it has been held."""
        return time.monotonic() - self.since


class Checkouts:
    """The checkouts of a limited resource that have not ended yet."""

    def __init__(self) -> None:
        # Unlike a set, a dictionary that other threads change can be copied.
        self._held: dict[Checkout, None] = {}
        self._lock = Lock()
        self._reported = float("-inf")

    def add(self, checkout: Checkout) -> None:
        """Record that *checkout* has begun."""
        self._held[checkout] = None

    def remove(self, checkout: Checkout) -> None:
        """Record that *checkout* has ended."""
        self._held.pop(checkout, None)

    def __len__(self) -> int:
        """Return the number of checkouts."""
        return len(self._held)

    def oldest_first(self) -> list[Checkout]:
        """Return the checkouts, longest first."""
        return sorted(self._held, key=lambda checkout: checkout.since)

    def __str__(self) -> str:
        """Return the tasks, longest checkout first, such as ``GET /slow: 5 for up to 2.1 s``."""
        ages: defaultdict[str, list[float]] = defaultdict(list)
        for checkout in self.oldest_first():
            ages[str(checkout.task)].append(checkout.seconds())
        return ", ".join(f"{task}: {len(held)} for up to {held[0]:.1f} s" for task, held in ages.items())

    def report(self, waited_seconds: float) -> None:
        """Log which tasks hold everything, unless the last report was less than a second ago."""
        now = time.monotonic()
        with self._lock:
            if now - self._reported < SECONDS_BETWEEN_REPORTS:
                return
            self._reported = now
        # Make texts now: a logging handler may format the line later, when other tasks hold the connections.
        asking, holding = str(current_task.get()), str(self)
        logger.warning("%s found no free connection in %.1f s; held by %s", asking, waited_seconds, holding)
