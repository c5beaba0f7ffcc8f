"""What starting costs: ``python -m benchmarks.start``."""

import argparse
from typing import Final

from benchmarks.command import RESULTS, names, run
from benchmarks.requests.databases import sqlite
from benchmarks.start.measuring import STARTS, measure
from benchmarks.start.report import page, table

ROUNDS: Final = 10


def main() -> None:
    """Do what the command line says; a run that is narrowed in any way writes no results."""
    options = _options()
    with sqlite() as url:
        results = measure(url, options.only or STARTS, options.rounds or ROUNDS)
    print(f"\n{table(results)}")
    if not (options.only or options.rounds):
        (RESULTS / "start.md").write_text(page(results, ROUNDS))
        print(f"written: {RESULTS / 'start.md'}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    parser.add_argument("--only", type=names(STARTS), help=f"of {', '.join(STARTS)}")
    parser.add_argument("--rounds", type=int)
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
