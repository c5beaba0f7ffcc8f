"""When a unit of work is run again, and how often that happened."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, Final

from sqlalchemy.orm import Session
from tenacity import RetryCallState, wait_random_exponential

from sessionscope.database.errors import CommitOutcomeUnknownError, Failure, failure_of
from sessionscope.database.signals import database_name, unit_committed, unit_given_up, unit_retried
from sessionscope.settings import DatabaseSettings

logger = logging.getLogger(__name__)

# Seconds. Each wait is a random part of a limit that doubles, so that units that collided don't collide again.
FIRST_WAIT: Final = 0.01
LONGEST_WAIT: Final = 1.0
# The failures of a server while another one takes over from it.
_FAILING_OVER: Final = (Failure.UNREACHABLE, Failure.READ_ONLY, Failure.TOO_MANY_CONNECTIONS)


@dataclass(slots=True)
class TransactionCounts:
    """How the units of work of this process on one database have ended so far.

    Attributes:
        database: The name of the database, for those who count.
        committed: How many units were committed.
        retried: How many further runs there were, by the failure that caused them.
        given_up: How many units failed because of the database, by the failure of their last run.
    """

    database: str = ""
    committed: int = 0
    retried: Counter[Failure] = field(default_factory=Counter[Failure])
    given_up: Counter[Failure] = field(default_factory=Counter[Failure])
    _lock: Lock = field(default_factory=Lock, repr=False)

    def commit(self) -> None:
        """Count a unit that was committed."""
        with self._lock:
            self.committed += 1
        unit_committed(self.database)

    def retry(self, failure: Failure) -> None:
        """Count a further run."""
        with self._lock:
            self.retried[failure] += 1
        unit_retried(self.database, failure)

    def give_up(self, failure: Failure) -> None:
        """Count a unit that failed for good."""
        with self._lock:
            self.given_up[failure] += 1
        unit_given_up(self.database, failure)


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
        self.counts = TransactionCounts(database_name(settings.url.get_secret_value()))


def name_of(work: Callable[..., Any]) -> str:
    """Return the name of *work* for logs: the name of its function, without the arguments of a `partial`."""
    while isinstance(work, partial):
        work = work.func
    return getattr(work, "__qualname__", type(work).__qualname__)


class Repetition:
    """The further runs of one unit of work, after its first one failed.

    Args:
        policy: When to run the unit again.
        work: The unit; logs show its name.
        session: The session that the unit runs on.
        began: When its first run began, by the monotonic clock.
        idempotent: Whether the unit may be run again although its COMMIT may have been done.
    """

    __slots__ = ("_began", "_failure", "_idempotent", "_lost", "_name", "_policy", "_runs", "_session", "_unknown")

    def __init__(
        self, policy: RetryPolicy, work: Callable[..., Any], session: Session, began: float, *, idempotent: bool
    ) -> None:
        self._policy = policy
        self._name = name_of(work)
        self._session = session
        self._began = began
        self._idempotent = idempotent
        self._runs = 0
        self._lost = False
        self._unknown = False
        self._failure: Failure | None = None

    def options(self) -> dict[str, Any]:
        """Return the arguments for tenacity's `Retrying`, for runs that report to `failed`."""
        return {
            "retry": self._wants_another,
            "stop": self._is_over,
            "wait": wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT),
            "before_sleep": self._prepare,
            "reraise": True,
        }

    def failed(self, error: Exception) -> None:
        """Record a run that failed with *error*."""
        self._runs += 1
        self._failure = failure_of(error)
        self._unknown |= self._failure is Failure.COMMIT_UNKNOWN
        self._lost |= self._failure in (Failure.COMMIT_UNKNOWN, Failure.CONNECTION_LOST)

    def give_up(self, error: Exception) -> None:
        """Count the unit among those that failed, and log it if only the limits have ended its runs.

        Raises:
            CommitOutcomeUnknownError: A run may have been committed, and *error* doesn't say so, or doesn't say
                whether the unit is idempotent.
        """
        failure = self._failure
        if failure is None:
            return
        self._policy.counts.give_up(failure)
        if self._is_passing:
            logger.error("%s: given up after run %d: %s: %s", self._name, self._runs, failure, failure.description)
        if self._unknown and failure is not Failure.CONFLICT:
            raise CommitOutcomeUnknownError(idempotent=self._idempotent) from error

    def _wants_another(self, state: RetryCallState) -> bool:
        return state.outcome is not None and state.outcome.failed and self._is_passing

    @property
    def _is_passing(self) -> bool:
        failure = self._failure
        if failure is None:
            return False
        if failure is Failure.COMMIT_UNKNOWN:
            return self._idempotent
        return failure.is_transient or (self._lost and failure in _FAILING_OVER)

    def _is_over(self, _: RetryCallState) -> bool:
        is_tired = self._runs >= self._policy.attempts and not self._lost
        # Not since the first failure: a client has also waited for a server that has fallen silent.
        return is_tired or time.monotonic() - self._began >= self._policy.patience_seconds

    def _prepare(self, state: RetryCallState) -> None:
        """Prepare the next run: count it, log it, and forget the objects that this run has loaded."""
        failure = self._failure
        if failure is None or state.next_action is None:
            return
        self._policy.counts.retry(failure)
        self._session.expunge_all()
        wait_ms, name, text = state.next_action.sleep * 1000, self._name, failure.description
        logger.warning("%s: run %d: %s: %s; again in %d ms", name, self._runs, failure, text, wait_ms)
