"""Runs one scenario: clients are measured alone, and then beside clients that disturb them."""

import json
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import quantiles
from typing import Final

from benchmarks.connections.seen import Seen
from benchmarks.connections.watch import PATH
from benchmarks.load.servers import ROOT, get, served

FACTORY: Final = "benchmarks.connections.server:build"
WARM_UP_SECONDS: Final = 1.0
ALONE_SECONDS: Final = 3.0
BESIDE_SECONDS: Final = 8.0
# In this time the server works off the first requests of the others, as far as it can.
LEAST_SETTLING_SECONDS: Final = 2.0
MOST_SETTLING_SECONDS: Final = 20.0
# The share of the time that a server spends on a processor while all its clients wait.
IDLE: Final = 0.2
# Longest wait for a process of clients that has been told to end.
END_SECONDS: Final = 20


@dataclass(frozen=True)
class Figures:
    """The figures of the measured clients.

    Attributes:
        rate: Responses per second.
        p50: Median latency, in milliseconds; a request without a response counts with the time that it has waited.
        p99: The 99th percentile of the latency.
        longest: The longest latency, in seconds.
        errors: The number of errors of all kinds.
        watched: What `Watch` has seen in that time.
    """

    rate: float
    p50: float
    p99: float
    longest: float
    errors: int
    watched: dict[str, float]


@dataclass(frozen=True)
class Outcome:
    """The figures of one scenario: alone, beside the others, and what the others saw meanwhile."""

    alone: Figures
    beside: Figures
    disturbers: Seen


def measure(url: str, peer: str, kind: str, seconds: float) -> Outcome:
    """Measure one scenario on a server of its own."""
    with served(FACTORY, BENCH_PEER=peer, BENCH_URL=url) as server:
        port = server.port
        # The pool is filled, and statements are prepared.
        _asked(port, WARM_UP_SECONDS)
        alone = _measure(port, ALONE_SECONDS)
        with _clients(kind, port) as disturbers:
            _settle(port)
            beside = _measure(port, seconds)
            return Outcome(alone, beside, _end(disturbers))


def _settle(port: int) -> None:
    """Wait until the server has worked off its backlog: its one thread makes all pages."""
    end = time.monotonic() + MOST_SETTLING_SECONDS
    time.sleep(LEAST_SETTLING_SECONDS)
    while time.monotonic() < end:
        get(port, PATH)
        time.sleep(1)
        if get(port, PATH)["busy"] < IDLE:
            return
    print("still busy with what the others ask")


def _measure(port: int, seconds: float) -> Figures:
    get(port, PATH)
    seen = _asked(port, seconds)
    watched = get(port, PATH)
    times = [each * 1000 for each in seen.waits]
    percentiles = quantiles(times, n=100, method="inclusive")
    return Figures(seen.rate, percentiles[49], percentiles[98], max(seen.waits), seen.errors, watched)


def _asked(port: int, seconds: float) -> Seen:
    with _clients("fast", port) as clients:
        time.sleep(seconds)
        return _end(clients)


def _end(clients: subprocess.Popen[str]) -> Seen:
    said, _ = clients.communicate(timeout=END_SECONDS)
    if clients.returncode:
        raise RuntimeError(f"clients ended with status {clients.returncode}")
    return Seen(**json.loads(said))


@contextmanager
def _clients(kind: str, port: int) -> Generator[subprocess.Popen[str], None, None]:
    command = [sys.executable, "-m", "benchmarks.connections.client", kind, str(port)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, process_group=0) as clients:
        try:
            if clients.stdout is None or clients.stdout.readline() != "started\n":
                raise RuntimeError(f"the clients do not start: {kind}")
            yield clients
        finally:
            # It has ended, unless something went wrong.
            clients.kill()
