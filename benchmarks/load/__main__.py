"""Requests over HTTP, to this service and to other ways to write it: ``python -m benchmarks.load``."""

import argparse
from typing import Final

from benchmarks.command import RESULTS, names, numbers, run
from benchmarks.load.client import program
from benchmarks.load.field import CONCURRENCIES, PEERS, WORKERS, title
from benchmarks.load.measuring import Plan, Results, measure
from benchmarks.load.report import page, table
from benchmarks.requests.databases import postgresql, version

ROUNDS: Final = 3
# Of a peer at one concurrency in a round: all of them take ten minutes.
SECONDS: Final = 2.0


def main() -> None:
    """Do what the command line says."""
    options = _options()
    # Check this now, before all peers are started.
    program()
    plan = Plan(tuple(options.only), tuple(options.concurrency), options.rounds, options.duration)
    with postgresql() as url:
        database = version(url)
        found = {workers: measure(url, workers, plan) for workers in options.workers}
    for workers, results in found.items():
        print(f"\n## {title(workers)}\n\n{table(results)}")
    if options.is_whole:
        _write(found, plan, database)


def _write(found: dict[int, Results], plan: Plan, database: str) -> None:
    # The only thing that needs matplotlib.
    from benchmarks.load.plot import draw  # noqa: PLC0415

    (RESULTS / "load.md").write_text(page(found, plan, database))
    draw(found, RESULTS / "load.svg", database)
    print(f"written: {RESULTS / 'load.md'}, load.svg")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--only", type=names(PEERS), help=f"peers, of {', '.join(PEERS)}")
    parser.add_argument("--workers", type=numbers, help="processes of a server, as 1,2")
    parser.add_argument("--concurrency", type=numbers, help="requests at a time, as 1,16")
    parser.add_argument("--duration", type=float, help=f"seconds, of a peer at one concurrency; {SECONDS:g}")
    parser.add_argument("--rounds", type=int, help=f"{ROUNDS}")
    options = parser.parse_args()
    # A run that is narrowed in any way writes no results.
    options.is_whole = not any(vars(options).values())
    options.only = options.only or PEERS
    options.workers = options.workers or WORKERS
    options.concurrency = options.concurrency or CONCURRENCIES
    options.duration = options.duration or SECONDS
    options.rounds = options.rounds or ROUNDS
    return options


if __name__ == "__main__":
    run(main)
