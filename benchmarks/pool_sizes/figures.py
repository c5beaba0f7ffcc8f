"""What `/metrics` tells of the pool."""

from collections import Counter
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Final

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.load.servers import HOST

WAIT: Final = "sessionscope_connection_acquire_seconds"
HOLD: Final = "sessionscope_connection_hold_seconds"


@dataclass(frozen=True)
class Histogram:
    """A histogram, of all engines together.

    Attributes:
        buckets: How many values are at most so large, by this limit in seconds.
        total: The sum of all values, in seconds.
    """

    buckets: Counter[float]
    total: float

    def since(self, before: "Histogram") -> "Histogram":
        """Return what was added after *before*."""
        added = {limit: count - before.buckets[limit] for limit, count in self.buckets.items()}
        return Histogram(Counter(added), self.total - before.total)

    @property
    def count(self) -> int:
        """The number of values."""
        return max(self.buckets.values())

    @property
    def mean(self) -> float:
        """The mean, in seconds."""
        return self.total / self.count

    def quantile(self, share: float) -> float:
        """Return the value below which a *share* of the values is, interpolated as Prometheus does."""
        wanted, lower, below = share * self.count, 0.0, 0
        for limit, count in sorted(self.buckets.items()):
            if count >= wanted:
                return lower + (limit - lower) * (wanted - below) / max(count - below, 1)
            lower, below = limit, count
        raise ValueError("the histogram is empty")


def figures(port: int) -> dict[str, Histogram]:
    """Return the waits and the holds that the server's one process has counted."""
    families = list(text_string_to_metric_families(_page(port)))
    return {name: _histogram(name, families) for name in (WAIT, HOLD)}


def _histogram(name: str, families: list[Metric]) -> Histogram:
    buckets: Counter[float] = Counter()
    total = 0.0
    for sample in (sample for family in families for sample in family.samples):
        if sample.name == f"{name}_bucket":
            buckets[float(sample.labels["le"])] += int(sample.value)
        elif sample.name == f"{name}_sum":
            total += sample.value
    return Histogram(buckets, total)


def _page(port: int) -> str:
    connection = HTTPConnection(HOST, port, timeout=30)
    connection.request("GET", "/metrics")
    try:
        return connection.getresponse().read().decode()
    finally:
        connection.close()
