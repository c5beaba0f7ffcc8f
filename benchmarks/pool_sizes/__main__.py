"""Compares pool sizes with their predictions: ``python -m benchmarks.pool_sizes``. Takes two minutes."""

import argparse
from typing import Final

from benchmarks.command import RESULTS, numbers, run
from benchmarks.pool_sizes.measuring import PATHS, Outcome, connections, measure
from benchmarks.pool_sizes.report import Count, page, tables
from benchmarks.requests.databases import postgresql, version

RESULT: Final = RESULTS / "pool_sizes.md"
SIZES: Final = (1, 2, 4, 8, 16, 32)
ROUNDS: Final = 3
# Few enough for the clients to use all of them.
SIZE, OVERFLOW = 4, 2


def main() -> None:
    """Run the command line; a run that is narrowed in any way writes no results."""
    options = _options()
    with postgresql() as url:
        database = version(url)
        hold = measure(url, size=1, clients=1).hold_mean
        sizes: dict[int, list[Outcome]] = {size: [] for size in options.sizes or SIZES}
        for _ in range(options.rounds or ROUNDS):
            for size, runs in sizes.items():
                runs.append(measure(url, size))
        counts = [
            Count(workers, engines, SIZE, OVERFLOW, connections(url, engines, workers, SIZE, OVERFLOW))
            for workers in (1, 2)
            for engines in PATHS
        ]
    print(tables(hold, sizes, counts))
    if not any(vars(options).values()):
        RESULT.write_text(page(hold, sizes, counts, database))
        print(f"written: {RESULT}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pool_sizes", description=__doc__)
    parser.add_argument("--sizes", type=numbers, help=f"by default {','.join(map(str, SIZES))}")
    parser.add_argument("--rounds", type=int, help=f"runs of each size; {ROUNDS}")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
