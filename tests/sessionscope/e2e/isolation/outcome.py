"""What became of the sessions of a crowd."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy.pool import QueuePool

from tests.sessionscope.e2e.isolation.calls import Responses
from tests.sessionscope.e2e.isolation.crowd import Crowd, is_closed
from tests.sessionscope.service.containers import DatabaseContainer


@dataclass(frozen=True)
class Outcome:
    """Faults by their kinds, each counted; all of them zero where requests are isolated.

    Attributes:
        shared: Sessions that were given to more than one request, job or message.
        split: Requests, jobs and messages that were given more than one session.
        closed_early: Requests, jobs and messages that were given a closed session.
        left_open: Sessions still open after the end.
        checked_out: Connections not given back after the end.
        failed: Responses other than expected.
    """

    shared: int = 0
    split: int = 0
    closed_early: int = 0
    left_open: int = 0
    checked_out: int = 0
    failed: int = 0

    @property
    def verdict(self) -> str:
        """The kinds of faults in words, without what only follows from them and differs from run to run."""
        if self.shared:
            return "shared by requests"
        kinds = {
            "two in one request": self.split,
            "closed early": self.closed_early,
            "left open": self.left_open or self.checked_out,
        }
        found = [kind for kind, count in kinds.items() if count]
        return ", ".join(found) or ("request failed" if self.failed else "ok")


def outcome(crowd: Crowd, container: DatabaseContainer, responses: Responses, expected: int | None) -> Outcome:
    """Count the faults of a run that is over."""
    given = {key: set(sessions) for key, sessions in crowd.seen.items()}
    takers = Counter(session for sessions in given.values() for session in sessions)
    return Outcome(
        shared=sum(count > 1 for count in takers.values()),
        split=sum(len(sessions) > 1 for sessions in given.values()),
        closed_early=len(crowd.closed_early),
        left_open=sum(not is_closed(session) for session in crowd.made),
        checked_out=checked_out(container),
        failed=sum(status != expected for status in responses),
    )


def checked_out(container: DatabaseContainer) -> int:
    """Return how many connections of the sync and the async pool are in use."""
    pools = (container.engine().pool, container.async_engine().sync_engine.pool)
    return sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))
