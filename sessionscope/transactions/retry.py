"""When a unit of work is run again, and how often that happened."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, Final

from sqlalchemy.orm import Session
from tenacity import RetryCallState, wait_random_exponential

from sessionscope.database.errors import CommitOutcomeUnknownError, Failure, failure_of
from sessionscope.settings import DatabaseSettings

logger = logging.getLogger(__name__)

# Seconds. Each wait is a random part of a limit that doubles, so that units that collided don't collide again.
FIRST_WAIT: Final = 0.01
LONGEST_WAIT: Final = 1.0
# The failures of a server while another one takes over from it.
_FAILING_OVER: Final = (Failure.UNREACHABLE, Failure.READ_ONLY, Failure.TOO_MANY_CONNECTIONS)


@dataclass(slots=True)
class TransactionCounts:
    """How the units of work of this process have ended so far.

    Attributes:
        committed: How many units were committed.
        retried: How many further runs there were, by the failure that caused them.
        given_up: How many units failed because of the database, by the failure of their last run.
    """

    committed: int = 0
    retried: Counter[Failure] = field(default_factory=Counter[Failure])
    given_up: Counter[Failure] = field(default_factory=Counter[Failure])
    _lock: Lock = field(default_factory=Lock, repr=False)

    def commit(self) -> None:
        """Count a unit that was committed."""
        with self._lock:
            self.committed += 1

    def retry(self, failure: Failure) -> None:
        """Count a further run."""
        with self._lock:
            self.retried[failure] += 1

    def give_up(self, failure: Failure) -> None:
        """Count a unit that failed for good."""
        with self._lock:
            self.given_up[failure] += 1


class RetryPolicy:
    """When to run a unit of work again, and how long to wait before that.

    A unit is run again after a failure that another run may avoid: a serialization failure, a deadlock, a lock
    timeout, or a connection that was lost before COMMIT. After a lost connection it is also run again while no
    server takes writes, as another one may be taking over. If the connection is lost during COMMIT, the changes
    may have been saved, so only an idempotent unit is run again. If all its further runs fail, the outcome of
    that COMMIT is still unknown, and the error says so.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self.attempts = settings.transaction_attempts
        self.patience_seconds = settings.transaction_patience
        self.counts = TransactionCounts()

    def options(self, work: Callable[..., Any], session: Session, *, idempotent: bool) -> dict[str, Any]:
        """Return the arguments for tenacity's `Retrying`, for one unit of work on *session*."""
        run = _Run(self, work, session, idempotent=idempotent)
        return {
            "retry": run.wants_another,
            "stop": run.is_over,
            "wait": wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT),
            "before_sleep": run.note,
            "reraise": True,
        }


def name_of(work: Callable[..., Any]) -> str:
    """Return the name of *work* for logs: the name of its function, without the arguments of a `partial`."""
    while isinstance(work, partial):
        work = work.func
    return getattr(work, "__qualname__", type(work).__qualname__)


class _Run:
    """The state of one unit of work during its runs."""

    __slots__ = ("_failure", "_idempotent", "_lost", "_policy", "_session", "_unknown", "_work")

    def __init__(self, policy: RetryPolicy, work: Callable[..., Any], session: Session, *, idempotent: bool) -> None:
        self._policy = policy
        self._work = work
        self._session = session
        self._idempotent = idempotent
        self._lost = False
        self._unknown = False
        self._failure: Failure | None = None

    def wants_another(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome is not None else None
        self._failure = failure_of(error) if error is not None else None
        wanted = self._is_passing(self._failure)
        if self._failure is not None and not wanted:
            self._policy.counts.give_up(self._failure)
            self._admit(error)
        return wanted

    def is_over(self, state: RetryCallState) -> bool:
        is_tired = state.attempt_number >= self._policy.attempts and not self._lost
        is_late = (state.seconds_since_start or 0) >= self._policy.patience_seconds
        if self._failure is not None and (is_tired or is_late):
            self._policy.counts.give_up(self._failure)
            number, description = state.attempt_number, self._failure.description
            logger.error("%s: given up after run %d: %s: %s", self._name, number, self._failure, description)
            self._admit(state.outcome.exception() if state.outcome is not None else None)
        return is_tired or is_late

    def note(self, state: RetryCallState) -> None:
        if self._failure is None or state.next_action is None:
            return
        self._policy.counts.retry(self._failure)
        # The next run must not see objects that this one has loaded.
        self._session.expunge_all()
        wait_ms = state.next_action.sleep * 1000
        number, description = state.attempt_number, self._failure.description
        logger.warning("%s: run %d: %s: %s; again in %d ms", self._name, number, self._failure, description, wait_ms)

    def _admit(self, error: BaseException | None) -> None:
        # The error would tell clients that nothing was done, but an earlier run may have been committed.
        if self._unknown and self._failure is not None and self._failure.is_unavailable:
            raise CommitOutcomeUnknownError from error

    @property
    def _name(self) -> str:
        return name_of(self._work)

    def _is_passing(self, failure: Failure | None) -> bool:
        if failure is None:
            return False
        if failure is Failure.COMMIT_UNKNOWN:
            self._lost = self._unknown = True
            return self._idempotent
        if failure is Failure.CONNECTION_LOST:
            self._lost = True
        return failure.is_transient or (self._lost and failure in _FAILING_OVER)
