"""Records which tasks hold the connections of a pool, and for how long, to report when there are none left."""

import logging
import time
from collections import defaultdict
from contextvars import ContextVar
from threading import Lock
from typing import Final

logger = logging.getLogger(__name__)

# What the running code is working on, such as a request. It is turned into text only for a report.
current_task: ContextVar[object] = ContextVar("current_task", default="a task without a name")

# Otherwise each refused request would log the same report.
SECONDS_BETWEEN_REPORTS: Final = 1.0


class Checkouts:
    """The checkouts of a limited resource, such as a pool's connections: which task holds what, since when."""

    def __init__(self) -> None:
        self._held: dict[object, tuple[object, float]] = {}
        self._lock = Lock()
        self._reported = float("-inf")

    def add(self, thing: object) -> None:
        """Record that the current task holds *thing* from now on."""
        self._held[thing] = (current_task.get(), time.monotonic())

    def remove(self, thing: object) -> None:
        """Record that *thing* was given back."""
        self._held.pop(thing, None)

    def __len__(self) -> int:
        """Return the number of checkouts."""
        return len(self._held)

    def __str__(self) -> str:
        """Return the tasks, longest checkout first, such as ``GET /slow: 5 for up to 2.1 s``."""
        now = time.monotonic()
        ages: defaultdict[str, list[float]] = defaultdict(list)
        for task, since in list(self._held.values()):
            ages[str(task)].append(now - since)
        oldest_first = sorted(ages.items(), key=lambda each: -max(each[1]))
        return ", ".join(f"{task}: {len(held)} for up to {max(held):.1f} s" for task, held in oldest_first)

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
