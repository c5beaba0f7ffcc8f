"""The metrics that are added up while the process runs. `collecting` reads those that are a state."""

from functools import lru_cache
from typing import Final

from prometheus_client import Counter, Histogram

_WAIT_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_POOL: Final = ("database", "driver")

acquire_seconds: Final = Histogram(
    "sessionscope_connection_acquire_seconds",
    "The time from asking a pool for a connection to having it.",
    _POOL,
    buckets=_WAIT_SECONDS,
)
hold_seconds: Final = Histogram(
    "sessionscope_connection_hold_seconds",
    "The time from taking a connection to giving it back.",
    _POOL,
    buckets=(*_WAIT_SECONDS, 60, 300),
)
admission_seconds: Final = Histogram(
    "sessionscope_admission_wait_seconds",
    "The time that sync requests and units of work wait at a gate in front of a pool.",
    _POOL,
    buckets=_WAIT_SECONDS,
)
long_holds: Final = Counter(
    "sessionscope_long_holds",
    "Connections and sessions that were held for longer than database.long_hold.",
    (*_POOL, "held"),
)
units_committed: Final = Counter("sessionscope_units_committed", "Units of work that were committed.", ["database"])
units_retried: Final = Counter(
    "sessionscope_units_retried",
    "Further runs of units of work, by their cause.",
    ["database", "cause"],
)
units_given_up: Final = Counter(
    "sessionscope_units_given_up", "Units of work that failed because of the database.", ["database", "cause"]
)
http_seconds: Final = Histogram(
    "sessionscope_http_request_seconds",
    "The time from a request to the last byte of its response.",
    ("method", "route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@lru_cache(maxsize=4096)
def http_series(method: str, route: str | None, status: int | None) -> Histogram:
    """Return the series of one kind of request. What a client makes up is put together, or there would be no end."""
    return http_seconds.labels(method if method in _METHODS else "OTHER", route or "", "" if status is None else status)


@lru_cache(maxsize=256)
def pool_series(metric: Histogram, database: str, driver: str) -> Histogram:
    """Return the series of one pool, without the lock that the metric takes for that."""
    return metric.labels(database, driver)
