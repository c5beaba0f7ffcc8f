"""Measures the peers in turn, in rounds with another order each time."""

import random
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from statistics import median

from benchmarks.requests.checking import check
from benchmarks.requests.field import ENDPOINTS, has
from benchmarks.requests.workers import Worker, started


@dataclass
class Figures:
    """What was measured of one peer on one endpoint, per request; times in microseconds."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    trips: float | None = None

    @property
    def best(self) -> float:
        return min(self.cpu)

    @property
    def median(self) -> float:
        return median(self.cpu)

    def times(self, other: "Figures") -> float:
        """Return how many times the CPU time of *other* this is, in the median round, whose noise both shared."""
        return median(own / its for own, its in zip(self.cpu, other.cpu, strict=True))


# By endpoint, then by peer.
Results = dict[str, dict[str, Figures]]


@dataclass(frozen=True)
class Plan:
    """What to measure, and how long.

    Attributes:
        peers: Names.
        endpoints: Names.
        rounds: At most so many.
        share: Of an endpoint's usual requests, for a round.
        seconds: No round is begun after these, but the first.
        loop: Event loop of all.
    """

    peers: tuple[str, ...]
    endpoints: tuple[str, ...]
    rounds: int
    share: float
    seconds: float | None
    loop: str


def measure(url: str, plan: Plan) -> Results:
    """Check that all peers give the same responses, then measure them."""
    results: Results = {endpoint: defaultdict(Figures) for endpoint in plan.endpoints}
    with started(plan.peers, url, plan.loop) as workers:
        check(workers, plan.endpoints)
        for name, endpoint in _pairs(plan, plan.peers):
            workers[name].ask("run", endpoint=endpoint, count=max(_count(plan, endpoint) // 2, 32))
        for _ in _rounds(plan):
            _measure_once(workers, plan, results)
    return results


def _rounds(plan: Plan) -> Iterator[int]:
    end = time.monotonic() + (plan.seconds or float("inf"))
    for number in range(plan.rounds):
        if number == 0 or time.monotonic() < end:
            print(f"round {number + 1} of {plan.rounds}", flush=True)
            yield number


def _measure_once(workers: dict[str, Worker], plan: Plan, results: Results) -> None:
    peers = random.sample(plan.peers, len(plan.peers))
    for name, endpoint in _pairs(plan, peers):
        cpu, wall = workers[name].ask("run", endpoint=endpoint, count=_count(plan, endpoint))
        results[endpoint][name].cpu.append(cpu)
        results[endpoint][name].wall.append(wall)


def count_trips(url: str, plan: Plan, results: Results) -> None:
    """Add the round trips to the database server, which other processes count."""
    with started(plan.peers, url, plan.loop, "counted") as workers:
        for name, endpoint in _pairs(plan, plan.peers):
            results[endpoint][name].trips = workers[name].ask("trips", endpoint=endpoint)


def _pairs(plan: Plan, peers: Iterable[str]) -> Iterator[tuple[str, str]]:
    order = list(peers)
    return ((name, endpoint) for endpoint in plan.endpoints for name in order if has(name, endpoint))


def _count(plan: Plan, endpoint: str) -> int:
    return max(int(ENDPOINTS[endpoint].count * plan.share), 16)
