"""How the cost of a request grows with rows, requests and services: ``python -m benchmarks.growth``."""

import argparse
from typing import Final

from benchmarks.command import RESULTS, names, run
from benchmarks.growth.curves import CURVES
from benchmarks.growth.measuring import Results, measure
from benchmarks.growth.report import page, tables
from benchmarks.requests.databases import postgresql, version

ROUNDS: Final = 10


def main() -> None:
    """Do what the command line says; a run that is narrowed in any way writes no results."""
    options = _options()
    with postgresql() as url:
        database = version(url)
        results = measure(url, options.only or CURVES, options.rounds or ROUNDS)
    print(f"\n{tables(results)}")
    if not (options.only or options.rounds):
        _write(database, results)


def _write(database: str, results: Results) -> None:
    # The only thing that needs matplotlib.
    from benchmarks.growth.plot import draw  # noqa: PLC0415

    (RESULTS / "growth.md").write_text(page(database, results, ROUNDS))
    draw(results, RESULTS / "growth.svg", database)
    print(f"written: {RESULTS / 'growth.md'}, growth.svg")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--only", type=names(CURVES), help=f"curves, of {', '.join(CURVES)}")
    parser.add_argument("--rounds", type=int)
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
