"""Measures transfers on SQLite, so many at a time, in rounds in which the peers take turns."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

from benchmarks.requests.checking import check
from benchmarks.requests.workers import Worker, started

ENDPOINT = "transfer"
WORKER = "benchmarks.writers.worker"


@dataclass
class Figures:
    """The figures of one peer with so many transfers at a time; times in milliseconds, one for each round."""

    wall: list[float] = field(default_factory=list[float])
    p50: list[float] = field(default_factory=list[float])
    p99: list[float] = field(default_factory=list[float])
    failed: int = 0

    def add(self, wall: float, latencies: list[float], failed: int) -> None:
        """Add a round."""
        percentiles = quantiles(latencies, n=100, method="inclusive")
        self.wall.append(wall)
        self.p50.append(percentiles[49])
        self.p99.append(percentiles[98])
        self.failed += failed

    def median_of(self, name: str) -> float:
        """Return the figure called *name* in the median round."""
        return median(getattr(self, name))

    def times(self, other: "Figures", name: str) -> float:
        """Return how many times the figure of *other* this one is, in the median round."""
        return median(own / its for own, its in zip(getattr(self, name), getattr(other, name), strict=True))


# By the number of transfers at a time, then by peer.
Results = dict[int, dict[str, Figures]]


def measure(url: str, peers: Sequence[str], crowds: Sequence[int], rounds: int, count: int) -> Results:
    """Check that all peers give the same responses, then measure them.

    Args:
        url: The URL of the database.
        peers: Their names.
        crowds: The numbers of transfers at a time.
        rounds: The number of rounds.
        count: The number of transfers in a round.
    """
    results: Results = {crowd: {name: Figures() for name in peers} for crowd in crowds}
    with started(peers, url, module=WORKER) as workers:
        check(workers, [ENDPOINT])
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", flush=True)
            for crowd in crowds:
                _measure_once(workers, results[crowd], crowd, count)
    return results


def _measure_once(workers: dict[str, Worker], results: dict[str, Figures], crowd: int, count: int) -> None:
    for name in random.sample(list(results), len(results)):
        # Opens and tests connections that were idle while others had their turn.
        workers[name].ask("run", endpoint=ENDPOINT, count=2 * crowd, concurrency=crowd)
        results[name].add(*workers[name].ask("run", endpoint=ENDPOINT, count=count, concurrency=crowd))
