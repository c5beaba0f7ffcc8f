"""How long transfers wait for each other on SQLite, here and in the usual pattern: ``python -m benchmarks.writers``."""

import argparse
from typing import Final

from benchmarks.command import RESULTS, names, numbers, run
from benchmarks.requests.databases import sqlite, version
from benchmarks.requests.field import PEERS, POSTGRESQL_ONLY, WITHOUT_DATABASE
from benchmarks.writers.measuring import measure
from benchmarks.writers.report import page, table

RESULT: Final = RESULTS / "writers.md"
MEASURED: Final = ("ours", "usual")
CROWDS: Final = (1, 16, 64)
ROUNDS: Final = 9
COUNT: Final = 320


def main() -> None:
    """Run the command line; a run that is narrowed in any way writes no results."""
    options = _options()
    rounds, count = options.rounds or ROUNDS, options.count or COUNT
    with sqlite() as url:
        database = version(url)
        results = measure(url, options.only or MEASURED, options.crowd or CROWDS, rounds, count)
    print(table(results))
    if not any(vars(options).values()):
        RESULT.write_text(page(results, database, rounds, count))
        print(f"written: {RESULT}")


def _options() -> argparse.Namespace:
    known = [name for name in PEERS if name not in (*POSTGRESQL_ONLY, *WITHOUT_DATABASE)]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.writers", description=__doc__)
    parser.add_argument("--only", type=names(known), help=f"peers, of {', '.join(known)}")
    parser.add_argument("--crowd", type=numbers, help="numbers of transfers at a time, as 1,16")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--count", type=int, help=f"transfers in a round; {COUNT}")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
