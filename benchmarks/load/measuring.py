"""Measures the peers in turn, in rounds with another order each time."""

import random
from collections import Counter, defaultdict
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from benchmarks.load.client import Shot, shoot
from benchmarks.load.field import title
from benchmarks.load.servers import Server, get, served

FACTORY: Final = "benchmarks.load.server:build"
SAMPLE: Final = "/users/17"
# Seconds; long enough that every pool is full and every statement prepared.
WARM_UP: Final = 1
# Above the size of the pools.
WARM_UP_CONCURRENCY: Final = 64


@dataclass
class Figures:
    """What was measured of one peer at one concurrency: medians over the rounds, errors of all rounds."""

    shots: list[Shot] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return median(shot.rate for shot in self.shots)

    @property
    def p50(self) -> float:
        return median(shot.p50 for shot in self.shots)

    @property
    def p99(self) -> float:
        return median(shot.p99 for shot in self.shots)

    @property
    def errors(self) -> Counter[str]:
        return sum((Counter(shot.errors) for shot in self.shots), Counter())


# By peer, then by concurrency.
Results = dict[str, dict[int, Figures]]


@dataclass(frozen=True)
class Plan:
    """What to measure, and how long.

    Attributes:
        peers: Names.
        concurrencies: Clients at a time.
        rounds: How often.
        seconds: How long a peer is asked at one concurrency in a round.
    """

    peers: tuple[str, ...]
    concurrencies: tuple[int, ...]
    rounds: int
    seconds: float


def measure(url: str, workers: int, plan: Plan) -> Results:
    """Start all peers with so many workers each, check that all give the same response, and measure them."""
    results: Results = {name: defaultdict(Figures) for name in plan.peers}
    with _everybody(url, workers, plan) as servers:
        _check(servers)
        for server in servers.values():
            _shoot(server, WARM_UP_CONCURRENCY, WARM_UP)
        for number in range(plan.rounds):
            print(f"{title(workers)}: round {number + 1} of {plan.rounds}", flush=True)
            for concurrency in plan.concurrencies:
                for name in random.sample(plan.peers, len(plan.peers)):
                    results[name][concurrency].shots.append(_shoot(servers[name], concurrency, plan.seconds))
    return results


@contextmanager
def _everybody(url: str, workers: int, plan: Plan) -> Generator[dict[str, Server], None, None]:
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(served(FACTORY, workers, BENCH_PEER=name, BENCH_URL=url)) for name in plan.peers
        }


def _check(servers: dict[str, Server]) -> None:
    """Compare the responses of all peers, and leave the peers paused."""
    responses = {name: get(server.port, SAMPLE) for name, server in servers.items()}
    first = next(iter(responses))
    for name, response in responses.items():
        if response != responses[first]:
            raise RuntimeError(f"{SAMPLE}: {name} and {first} differ:\n{response}\n{responses[first]}")
        servers[name].pause()


def _shoot(server: Server, concurrency: int, seconds: float) -> Shot:
    server.resume()
    shot = shoot(server.port, concurrency, seconds)
    # The server answers this after the requests in progress, so those don't affect the next peer.
    get(server.port, SAMPLE)
    server.pause()
    return shot
