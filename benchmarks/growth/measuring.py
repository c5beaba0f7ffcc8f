"""Measures every peer at every point of every curve, in rounds with another order each time."""

import random
from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

from benchmarks.growth.curves import CURVES, POINTS, Point
from benchmarks.growth.table import UserTable
from benchmarks.peers.settings import POOL_SIZE
from benchmarks.requests.checking import compare
from benchmarks.requests.measuring import Figures
from benchmarks.requests.workers import Worker, started

# By curve, then by peer, then by place on the axis.
Results = dict[str, dict[str, dict[int, Figures]]]
# Asked for before time is taken: connections that were idle while others had their turn are tested first.
LEAD: Final = "rows/1"


def measure(url: str, curves: Iterable[str], rounds: int) -> Results:
    """Check that all peers give the same responses, then measure them."""
    names = list(curves)
    results: Results = {
        name: {peer: {point.at: Figures() for point in CURVES[name].points} for peer in CURVES[name].peers}
        for name in names
    }
    modules = dict.fromkeys(module(name, peer) for name in names for peer in CURVES[name].peers)
    with started(modules, url, module="benchmarks.growth.worker") as workers, UserTable(url) as table:
        for key in _keys(names):
            asked = [worker for _, worker in _asked(workers, key)]
            compare(key, POINTS[key].make(Random(0), 0), asked)  # noqa: S311
            for worker in asked:
                worker.ask("run", endpoint=key, count=max(POINTS[key].count // 4, 16))
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", flush=True)
            for key in _keys(names):
                table.resize(POINTS[key].users)
                _measure_once(workers, key, results)
    return results


def module(curve: str, peer: str) -> str:
    return f"{CURVES[curve].package}.{peer}"


def _measure_once(workers: dict[str, Worker], key: str, results: Results) -> None:
    curve, point = _place(key)
    asked = list(_asked(workers, key))
    for peer, worker in random.sample(asked, len(asked)):
        if CURVES[curve].package == CURVES["rows"].package:
            worker.ask("run", endpoint=LEAD, count=2 * POOL_SIZE, concurrency=POOL_SIZE)
        cpu, wall = worker.ask("run", endpoint=key, count=point.count, concurrency=point.concurrency)
        figures = results[curve][peer][point.at]
        figures.cpu.append(cpu * point.parts)
        figures.wall.append(wall * point.parts)


def _keys(curves: Iterable[str]) -> Iterator[str]:
    return (f"{name}/{point.at}" for name in curves for point in CURVES[name].points)


def _place(key: str) -> tuple[str, Point]:
    return key.partition("/")[0], POINTS[key]


def _asked(workers: dict[str, Worker], key: str) -> Iterator[tuple[str, Worker]]:
    curve, _ = _place(key)
    return ((peer, workers[module(curve, peer)]) for peer in CURVES[curve].peers)
