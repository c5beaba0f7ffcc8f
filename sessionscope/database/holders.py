"""Who holds the connections of a pool, and for how long: what to look at when there are none left."""

import logging
import time
from collections import defaultdict
from contextvars import ContextVar
from threading import Lock
from typing import Final

logger = logging.getLogger(__name__)

# What the running code is at work on, as a request; made into text only when somebody has to read it.
current_task: ContextVar[object] = ContextVar("current_task", default="a task without a name")

# Every request that is turned away would say the same.
SECONDS_BETWEEN_REPORTS: Final = 1.0


class Holders:
    """Those who have something that there are only so many of."""

    def __init__(self) -> None:
        self._held: dict[object, tuple[object, float]] = {}
        self._lock = Lock()
        self._reported = float("-inf")

    def add(self, thing: object) -> None:
        """Note that the current task has *thing* from now on."""
        self._held[thing] = (current_task.get(), time.monotonic())

    def remove(self, thing: object) -> None:
        """Note that nobody has *thing* any more."""
        self._held.pop(thing, None)

    def __str__(self) -> str:
        """Name the tasks, those that hold longest first, as ``GET /slow: 5 for up to 2.1 s``."""
        now = time.monotonic()
        ages: defaultdict[str, list[float]] = defaultdict(list)
        for task, since in list(self._held.values()):
            ages[str(task)].append(now - since)
        oldest_first = sorted(ages.items(), key=lambda each: -max(each[1]))
        return ", ".join(f"{task}: {len(held)} for up to {max(held):.1f} s" for task, held in oldest_first)

    def report(self, waited_seconds: float) -> None:
        """Log who has everything, unless that was done a moment ago."""
        now = time.monotonic()
        with self._lock:
            if now - self._reported < SECONDS_BETWEEN_REPORTS:
                return
            self._reported = now
        # As texts: a handler may format the line later, when others hold them.
        asking, holding = str(current_task.get()), str(self)
        logger.warning("%s found no free connection in %.1f s; held by %s", asking, waited_seconds, holding)
